"""Exercise "twelve routes": the learner's configuration on nginx, and what becomes of each request."""

from collections.abc import Callable

from ...errors import Said
from .. import exercise, expect
from ..assertion import Assertion, seen_by_app
from ..configuration import configuration
from ..drive import H2C, ask, handshake, judged
from .servers import PATIENCE, halves, serving

SITES = ("chat.example:81", "talk.example:82")  # ports that no bench hands out
PAGES = ("GET /", "GET /deep/ws/er?x=1", "GET /a%2Fb", "GET /wsx")
SOCKETS = ("handshake /ws/", "handshake /ws/room/7?name=kim", "handshake /ws")


def _untouched(half: str) -> Callable[[dict], tuple[str, str]]:
    """The request reached the half with the path and query it was sent with."""
    return lambda seen: (f"{seen['half']} {seen['target']}", f"{half} {seen['asked']}")


def _host(seen: dict) -> tuple[str, str]:
    return seen["host"], seen["site"]


def _switches(seen: dict) -> tuple[str, str]:
    return str(seen["status"]), "101"


def _at_chat(seen: dict) -> tuple[str, str]:
    return f"{seen['half']}, Connection: {seen['connection']}", "chat, Connection: "


def _at_pages(seen: dict) -> tuple[str, str]:
    return f"{seen['half']}, Upgrade: {seen['upgrade']}", "pages, Upgrade: "


def _no_connection(seen: dict) -> tuple[str, str]:
    return seen["connection"], ""


def _no_tunnel(seen: dict) -> tuple[str, str]:
    came = f"{seen['half']}, Upgrade: {seen['upgrade']}, Connection: {seen['connection']}"
    return came, "chat, Upgrade: , Connection: "


ASSERTIONS = [
    Assertion(
        1,
        PAGES[:1],
        Said("GET / reaches the pages untouched", "GET /는 페이지 쪽에 그대로 도착해야 합니다"),
        _untouched("pages"),
    ),
    Assertion(
        2,
        PAGES[1:2],
        Said("path and query reach the pages untouched", "경로와 쿼리가 그대로 페이지 쪽에 도착해야 합니다"),
        _untouched("pages"),
    ),
    Assertion(3, PAGES[2:3], Said("%2F stays %2F", "%2F는 %2F로 남아야 합니다"), _untouched("pages")),
    Assertion(
        4,
        PAGES[3:],
        Said("/wsx is a page too, and arrives untouched", "/wsx도 페이지 쪽에 그대로 도착해야 합니다"),
        _untouched("pages"),
    ),
    Assertion(
        5,
        PAGES,
        Said(
            "the pages see the client's Host, port included", "페이지 쪽은 클라이언트의 Host를 포트까지 받아야 합니다"
        ),
        _host,
    ),
    Assertion(
        6,
        PAGES,
        Said("a page request has no Connection: upgrade", "페이지 요청에는 Connection: upgrade가 없어야 합니다"),
        _no_connection,
    ),
    Assertion(
        7,
        SOCKETS[:1],
        Said("a handshake to /ws/ gets 101", "/ws/로 보낸 핸드셰이크에 101이 돌아와야 합니다"),
        _switches,
    ),
    Assertion(
        8,
        SOCKETS[1:2],
        Said("path and query reach the chat untouched", "경로와 쿼리가 그대로 채팅 쪽에 도착해야 합니다"),
        _untouched("chat"),
    ),
    Assertion(
        9,
        SOCKETS[2:],
        Said(
            "a handshake to /ws, without the slash, gets 101",
            "슬래시 없이 /ws로 보낸 핸드셰이크에도 101이 돌아와야 합니다",
        ),
        _switches,
    ),
    Assertion(
        10,
        SOCKETS,
        Said("the chat sees the client's Host, port included", "채팅 쪽은 클라이언트의 Host를 포트까지 받아야 합니다"),
        _host,
    ),
    Assertion(
        11,
        ("GET /ws/",),
        Said(
            "a plain GET of /ws/ reaches the chat, without Connection: upgrade",
            "/ws/로 보낸 일반 GET은 Connection: upgrade 없이 채팅 쪽에 도착해야 합니다",
        ),
        _at_chat,
    ),
    Assertion(
        12,
        ("handshake /news",),
        Said(
            "a handshake to /news reaches the pages, without Upgrade",
            "/news로 보낸 핸드셰이크는 Upgrade 없이 페이지 쪽에 도착해야 합니다",
        ),
        _at_pages,
    ),
    # Number 6 comes twice: whoever hands Upgrade on as well hears of that first.
    Assertion(
        6,
        ("handshake /news",),
        Said(
            "a handshake to /news, a page, arrives without Connection: upgrade",
            "/news는 페이지이므로 핸드셰이크를 보내도 Connection: upgrade 없이 도착해야 합니다",
        ),
        _no_connection,
    ),
    # And 11 comes twice: only who has the rest hears of what most configurations let through.
    Assertion(
        11,
        ("h2c /ws/",),
        Said(
            "GET /ws/ with Upgrade: h2c reaches the chat without Upgrade or Connection",
            "/ws/로 보낸 Upgrade: h2c 요청은 Upgrade와 Connection 없이 채팅 쪽에 도착해야 합니다",
        ),
        _no_tunnel,
    ),
]


@exercise
def twelve_routes(bench, file="hybrid.conf"):
    """Runs the learner's configuration on nginx, asks for twelve things, and names the first that goes astray."""
    text = configuration(bench, file, ["pages", "chat"])
    with serving(bench) as serve:
        both = halves(serve)
        front = serve(site=text, names=both)
        for assertion in ASSERTIONS:
            for request in assertion.requests:
                with judged(front, *both.values()):
                    for site in SITES:
                        _judge(assertion, _became(front, both["chat"], request, site))
    return Said("All 12 requests went where they should.", "요청 12개가 모두 가야 할 곳으로 갔습니다.")


def _judge(assertion: Assertion, seen: dict) -> None:
    """What became of a request must be what the assertion says."""
    came, wanted = assertion.look(seen)
    what = (
        f"status {seen['status']}, by {seen['half']}, target {seen['target']!r}, "
        f"Host {seen['host']!r} for {seen['site']!r}, Upgrade {seen['upgrade']!r}, "
        f"Connection {seen['connection']!r}"
    )
    expect(
        came == wanted,
        Said(
            f"Assertion {assertion.number} of 12 fails: {assertion.said.en}. What came: {what}.",
            f"검사 12개 중 {assertion.number}번에서 실패했습니다. {assertion.said.ko}. 실제 결과: {what}.",
        ),
        came,
        wanted,
    )


def _became(front, chat, request: str, site: str) -> dict:
    """What became of one request: its status, the half it reached, and what that half saw."""
    way, asked = request.split()
    if way == "handshake":
        answer = handshake(front, asked, {"Host": site})
    elif way == "h2c":
        answer = ask(front, f"GET {asked}", H2C | {"Host": site}, timeout=PATIENCE)
    else:
        answer = ask(front, f"GET {asked}", {"Host": site}, timeout=PATIENCE)
    seen = dict.fromkeys(("target", "host", "upgrade", "connection"), "") | {"half": "nobody"}
    seen |= _scope(chat) if answer.code == 101 else seen_by_app(answer) or _refused(chat)
    seen["connection"] = "upgrade" if "upgrade" in seen["connection"].lower() else ""  # nginx has two defaults
    return seen | {"asked": asked, "site": site, "status": answer.code}


def _scope(chat) -> dict:
    """What the chat saw of the handshake that it accepted last."""
    scope = chat.upstream.events("websocket.accept").last[0].data
    query = scope["query_string"].decode()
    headers = {name.decode(): value.decode() for name, value in scope["headers"]}
    return headers | {"half": "chat", "target": scope["path"] + (f"?{query}" if query else "")}


def _refused(chat) -> dict:
    """What nginx passed on to the chat, which answered without a word of its own; nothing if nothing came there."""
    requests = [message for message in chat.messages() if message.name == "Request"]
    if not requests:
        return {}
    request, *lines = requests[-1].raw.decode("latin-1").split("\r\n")
    headers = {name.lower(): value for name, colon, value in (line.partition(": ") for line in lines) if colon}
    return headers | {"half": "chat", "target": request.split()[1]}
