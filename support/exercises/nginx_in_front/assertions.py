"""Exercise "twelve assertions": the learner's configuration on nginx, and what the apps behind it see."""

from collections.abc import Callable
from pathlib import Path

from ...errors import Said
from ...loopback import HOST
from .. import drive, exercise, expect
from ..assertion import Assertion, seen_by_app
from ..configuration import configuration
from ..drive import ask, judged

HERE = Path(__file__).parent
PATIENCE = 10  # seconds; a busy machine may need some of them, and whatever is wrong answers at once
SITES = ("shop.example:81", "sale.example:82")  # ports that no bench hands out
FORGED = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "6.6.6.6"}
LARGE = b"x" * 3000
FILES = {"assets/app.css": "/* the style */", "private/report.txt": "the report"}
PAGES, API = ("GET /", "GET /a%2Fb//c?x=1", "GET /apis"), ("GET /api/users?x=1", "GET /api/")


def _reaches(who: str, target: str) -> Callable[[dict], tuple[str, str]]:
    """The app that answered, and the target that it saw."""
    return lambda seen: (f"{seen['by'] or 'nginx'} {seen['target']}".strip(), f"{who} {target}")


def _saw(what: str, wanted: str) -> Callable[[dict], tuple[str, str]]:
    return lambda seen: (str(seen[what]), wanted)


def _own_host(seen: dict) -> tuple[str, str]:
    return seen["host"], seen["site"]


def _whole(seen: dict) -> tuple[str, str]:
    return f"{seen['status']}, {seen['length']} bytes", f"200, {len(LARGE)} bytes"


def _file(name: str) -> Callable[[dict], tuple[str, str]]:
    return lambda seen: (f"{seen['status']} {seen['body']}", f"200 {FILES[name]}")


def _kept(seen: dict) -> tuple[str, str]:
    """Whatever is answered, the report is not in it."""
    secret = FILES["private/report.txt"]
    return (secret if secret in seen["body"] else "no report", "no report")


ASSERTIONS = [
    Assertion(
        1,
        PAGES[:1],
        Said("GET / reaches the pages untouched", "GET /는 페이지 쪽에 그대로 도착해야 합니다"),
        _reaches("pages", "/"),
    ),
    Assertion(
        2,
        PAGES[1:2],
        Said("%2F, // and the query reach the pages untouched", "%2F, //, 쿼리는 페이지 쪽에 그대로 도착해야 합니다"),
        _reaches("pages", "/a%2Fb//c?x=1"),
    ),
    Assertion(
        3,
        API[:1],
        Said("/api/users?x=1 reaches the API as /users?x=1", "/api/users?x=1은 API에 /users?x=1로 도착해야 합니다"),
        _reaches("api", "/users?x=1"),
    ),
    Assertion(
        4,
        API[1:],
        Said("/api/ reaches the API as /", "/api/는 API에 /로 도착해야 합니다"),
        _reaches("api", "/"),
    ),
    Assertion(
        5,
        PAGES[2:],
        Said("/apis is a page too, and arrives untouched", "/apis도 페이지 쪽에 그대로 도착해야 합니다"),
        _reaches("pages", "/apis"),
    ),
    Assertion(
        6,
        PAGES,
        Said(
            "the pages see the client's Host, port included", "페이지 쪽은 클라이언트의 Host를 포트까지 받아야 합니다"
        ),
        _own_host,
    ),
    Assertion(
        7,
        API,
        Said("the API sees Host: api.internal", "API는 Host로 api.internal을 받아야 합니다"),
        _saw("host", "api.internal"),
    ),
    Assertion(
        8,
        (*PAGES, *API),
        Said(
            "X-Forwarded-Proto is http, although the client writes https",
            "클라이언트가 https라고 적어도 X-Forwarded-Proto는 http여야 합니다",
        ),
        _saw("proto", "http"),
    ),
    Assertion(
        9,
        (*PAGES, *API),
        Said(
            "X-Forwarded-For is the client's true address and nothing else",
            "X-Forwarded-For에는 클라이언트의 실제 주소만 있어야 합니다",
        ),
        _saw("for", HOST),
    ),
    Assertion(
        10,
        ("POST /upload",),
        Said("3000 bytes to /upload reach the pages", "/upload로 보낸 3000바이트는 페이지 쪽에 도착해야 합니다"),
        _whole,
    ),
    Assertion(
        10,
        ("POST /api/users",),
        Said("3000 bytes to /api/users get 413", "/api/users로 3000바이트를 보내면 413이 돌아와야 합니다"),
        _saw("status", "413"),
    ),
    Assertion(
        11,
        ("GET /assets/app.css",),
        Said("/assets/app.css is the file assets/app.css", "/assets/app.css에는 assets/app.css 파일이 와야 합니다"),
        _file("assets/app.css"),
    ),
    Assertion(
        12,
        ("GET /download",),
        Said(
            "/download is answered with the file that the pages name in X-Accel-Redirect: /private/report.txt",
            "/download에는 페이지 쪽이 X-Accel-Redirect에 적은 /private/report.txt 파일이 와야 합니다",
        ),
        _file("private/report.txt"),
    ),
    Assertion(
        12,
        ("GET /private/report.txt",),
        Said(
            "a client that asks for /private/report.txt directly gets 404",
            "클라이언트가 /private/report.txt를 직접 요청하면 404가 돌아와야 합니다",
        ),
        _saw("status", "404"),
    ),
    # Number 11 comes twice: only who has the rest hears of the door beside it.
    Assertion(
        11,
        ("GET /assets../private/report.txt",),
        Said(
            "/assets../private/report.txt gives nothing away",
            "/assets../private/report.txt로 파일이 새어 나가면 안 됩니다",
        ),
        _kept,
    ),
]


@exercise
def twelve_assertions(bench, file="front.conf"):
    """Runs the learner's configuration on nginx before two apps, and names the first assertion that fails."""
    text = configuration(bench, file, ["pages", "api"])
    for name, content in FILES.items():
        Path(bench.folder, name).parent.mkdir(exist_ok=True)
        Path(bench.folder, name).write_text(content, encoding="utf-8")
    app = HERE / "exercise_seen.py"
    with drive.serving(bench, {app.name: app}, aloud=False) as serve:
        behind = {role: serve(f"ROLE={role} gunicorn exercise_seen:app", client="nginx") for role in ("pages", "api")}
        front = serve(site=text, names=behind)
        for assertion in ASSERTIONS:
            for request in assertion.requests:
                with judged(front, *behind.values()):
                    for site in SITES:
                        _judge(assertion, request, _became(front, request, site))
    return Said("All 12 assertions hold.", "검사 12개를 모두 통과했습니다.")


def _judge(assertion: Assertion, request: str, seen: dict) -> None:
    """What became of a request must be what the assertion says."""
    came, wanted = assertion.look(seen)
    what = f"status {seen['status']}, "
    what += (
        f"by {seen['by']}, target {seen['target']!r}, Host {seen['host']!r} for {seen['site']!r}, "
        f"X-Forwarded-Proto {seen['proto']!r}, X-Forwarded-For {seen['for']!r}"
        if seen["by"]
        else "by nginx itself"
    )
    said = Said(
        f"Assertion {assertion.number} of 12 fails for {request}: {assertion.said.en}. What came: {what}.",
        f"검사 12개 중 {assertion.number}번에서 실패했습니다({request}). {assertion.said.ko}. 실제 결과: {what}.",
    )
    if assertion.number in (6, 7) and seen["by"] and _of_proxy_pass(seen["host"]):
        said = said + Said(
            "nginx takes Host from `proxy_pass` where no `proxy_set_header Host` applies, "
            "and a location inherits none once it sets another header.",
            "`proxy_set_header Host`가 효력이 없는 곳에서 nginx는 `proxy_pass`에 적은 이름을 씁니다. "
            "다른 헤더를 하나라도 설정하는 location은 바깥의 것을 물려받지 않습니다.",
        )
    expect(came == wanted, said, came, wanted)


def _of_proxy_pass(host: str) -> bool:
    """Whether nginx took the Host from `proxy_pass`: the address of an app, or the name of an upstream."""
    name, _, port = host.partition(":")
    return name in ("pages", "api") or (name == HOST and bool(port))


def _became(front, request: str, site: str) -> dict:
    """What became of one request: its status, its body, and what the app that answered saw of it."""
    body = LARGE if request.startswith("POST") else b""
    sent = {"Host": site} | FORGED | ({"Content-Length": str(len(body))} if body else {})
    answer = ask(front, request, sent, body, timeout=PATIENCE)
    seen = dict.fromkeys(("target", "host", "proto", "for"), "") | {"by": "", "length": 0}
    return seen | seen_by_app(answer) | {"site": site, "status": answer.code, "body": answer.body.decode("latin-1")}
