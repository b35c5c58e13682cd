"""Exercise "five logs": what is wrong with five configurations, told from their logs alone."""

from pathlib import Path

from ...errors import Said
from ...show import Table
from .. import drive, exercise, expect, faults
from ..drive import ask, judged
from .words import ERROR, plain

HERE = Path(__file__).parent
SITE = "shop.example"
PHOTO = b"x" * 2000
ACCESS = "--access-logfile - --access-logformat '\"%(r)s\" %(s)s, Host: %({Host}i)s'"
# What somebody did to the configuration: the text that stood there, and what stands there now.
FAULTS = {
    "socket": ("server {{ cart.address }}", "server unix:cart.sock"),
    "buffer": ("proxy_buffer_size 8k", "proxy_buffer_size 4k"),
    "slash": ("location /cart/", "location /cart"),
    "Host": ("proxy_set_header Host $http_host;", ""),
    "size": ("client_max_body_size 1m", "client_max_body_size 1k"),
}
CHOICES = ("port", "socket", "permission", "timeout", "buffer", "slash", "Host", "size")
# The fault of each, how many of its two requests reach gunicorn, and the hint.
CASES = {
    "A": (
        "socket",
        0,
        Said("gunicorn was never asked: look at the errno", "gunicorn에는 요청이 오지 않았습니다. errno를 보세요"),
    ),
    "B": (
        "buffer",
        2,
        Said(
            "gunicorn answered 200, and nginx did not take the answer",
            "gunicorn은 200으로 응답했는데 nginx가 그 응답을 받지 않았습니다",
        ),
    ),
    "C": (
        "slash",
        2,
        Said(
            "compare the path in nginx's line with the path in gunicorn's",
            "nginx 로그의 경로와 gunicorn 로그의 경로를 비교해 보세요",
        ),
    ),
    "D": (
        "Host",
        2,
        Said("the app itself refused: look at what it saw", "거부한 것은 앱입니다. 앱이 무엇을 받았는지 보세요"),
    ),
    "E": (
        "size",
        1,
        Said("only one of the two requests reached gunicorn", "두 요청 중 하나만 gunicorn에 도착했습니다"),
    ),
}


def five_logs(bench):
    """The logs of five broken sites, each asked for an item, and sent a photo of 2,000 bytes; a Table."""
    rows, before = [], 0
    with _serving(bench) as serve:
        cart = serve(f"gunicorn exercise_cart:app {ACCESS}", client="nginx")
        for case, (fault, reached, _) in CASES.items():
            front = serve(site=_with(fault), names={"cart": cart})
            _visit(front)
            front.upstream.log(" by ", count=2)
            rows += [(case, "nginx", line) for line in _told(front.upstream.log())]
            if reached:
                lines = cart.upstream.log(", Host: ", count=before + reached).splitlines()[before:]
                rows += [(case, "gunicorn", line) for line in lines]
                before += reached
    return Table(["case", "log of", "line"], rows)


@exercise
def diagnosed(bench, diagnosis):
    """Mends in each broken site what the learner named, and asks it again."""
    with _serving(bench) as serve:
        cart = serve(f"gunicorn exercise_cart:app {ACCESS}", client="nginx")
        faults.judge(diagnosis, CASES, CHOICES, lambda case, chosen: _mended(serve, cart, case, chosen))
    return Said(
        "With your five cures, all five sites answer 200.", "진단대로 고치니 다섯 사이트가 모두 200으로 응답합니다."
    )


def _mended(serve, cart, case: str, chosen: str) -> None:
    """The site of the case, with what was named put right, must answer both requests with 200."""
    fault, _, hint = CASES[case]
    front = serve(site=_with(fault if chosen != fault else None), names={"cart": cart})
    with judged(front, cart):
        for answer in _visit(front):
            expect(
                answer.code == 200,
                Said(
                    f"{case}: with {chosen} as it should be, the site still answers {answer.code}. Hint: {hint.en}.",
                    f"{case}: {chosen} 항목을 올바르게 해 두어도 여전히 {answer.code} 응답이 옵니다. 힌트: {hint.ko}.",
                ),
                answer.status,
                "200 OK",
            )


def _serving(bench):
    app = HERE / "exercise_cart.py"
    return drive.serving(bench, {app.name: app}, aloud=False)


def _with(fault):
    """The site with one fault, or with none."""
    text = (HERE / "cart.conf.jinja").read_text(encoding="utf-8")
    return text.replace(*FAULTS[fault]) if fault else text


def _visit(front):
    """The answers to a customer who looks at an item and sends a photo of it."""
    photo = {"Host": SITE, "Content-Length": str(len(PHOTO))}
    return [ask(front, "GET /cart/item", {"Host": SITE}), ask(front, "POST /cart/item", photo, PHOTO)]


def _told(log: str) -> list[str]:
    """nginx's lines about the requests, in its own words; the one that says why stands above its request's."""
    found = []
    for line in log.splitlines():
        if error := ERROR.search(line):
            found.append(plain(error["words"]))
        elif " by " in line:
            found.append(line[line.index('"') :])
    return found
