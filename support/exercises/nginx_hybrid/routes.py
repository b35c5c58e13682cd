"""Exercise "twelve routes": the learner's configuration on nginx, and what becomes of each request."""

import functools
import re
from itertools import product
from pathlib import Path

import httpx
from jinja2 import Environment, TemplateSyntaxError
from jinja2.meta import find_undeclared_variables

from .. import exercise, expect
from .servers import HANDSHAKE, client, halves, running

SITES = ("chat.example:81", "talk.example:82")  # ports that no bench hands out
PAGES = ("GET /", "GET /deep/ws/er?x=1", "GET /a%2Fb", "GET /wsx")
SOCKETS = ("handshake /ws/", "handshake /ws/room/7?name=kim", "handshake /ws")


def _untouched(half):
    """A test that the request reached the half with the path and query it was sent with."""
    return lambda seen: seen["half"] == half and seen["target"] == seen["asked"]


def _host(seen):
    return seen["host"] == seen["site"]


# The assertion's number, the requests it is about, the assertion, and its test. Number 6 comes twice: whoever
# hands Upgrade on as well hears of that first.
ASSERTIONS = [
    (1, PAGES[:1], "GET / reaches the pages untouched", "GET /는 페이지 쪽에 그대로 도착해야 합니다",
     _untouched("pages")),
    (2, PAGES[1:2], "path and query reach the pages untouched", "경로와 쿼리가 그대로 페이지 쪽에 도착해야 합니다",
     _untouched("pages")),
    (3, PAGES[2:3], "%2F stays %2F", "%2F는 %2F로 남아야 합니다", _untouched("pages")),
    (4, PAGES[3:], "/wsx is a page, untouched too", "/wsx도 페이지 쪽에 그대로 도착해야 합니다", _untouched("pages")),
    (5, PAGES, "the pages see the client's Host, port included",
     "페이지 쪽은 클라이언트의 Host를 포트까지 받아야 합니다", _host),
    (6, PAGES, "a page request says no Connection: upgrade", "페이지 요청에는 Connection: upgrade가 없어야 합니다",
     lambda seen: not seen["connection"]),
    (7, SOCKETS[:1], "a handshake to /ws/ gets 101", "/ws/로 보낸 핸드셰이크에 101이 돌아와야 합니다",
     lambda seen: seen["status"] == 101),
    (8, SOCKETS[1:2], "path and query reach the chat untouched", "경로와 쿼리가 그대로 채팅 쪽에 도착해야 합니다",
     _untouched("chat")),
    (9, SOCKETS[2:], "a handshake to /ws, without the slash, gets 101",
     "슬래시 없이 /ws로 보낸 핸드셰이크에도 101이 돌아와야 합니다", lambda seen: seen["status"] == 101),
    (10, SOCKETS, "the chat sees the client's Host, port included",
     "채팅 쪽은 클라이언트의 Host를 포트까지 받아야 합니다", _host),
    (11, ("GET /ws/",), "a plain GET of /ws/ reaches the chat, without Connection: upgrade",
     "/ws/로 보낸 일반 GET은 Connection: upgrade 없이 채팅 쪽에 도착해야 합니다",
     lambda seen: seen["half"] == "chat" and not seen["connection"]),
    (12, ("handshake /news",), "a handshake to /news reaches the pages, without Upgrade",
     "/news로 보낸 핸드셰이크는 Upgrade 없이 페이지 쪽에 도착해야 합니다",
     lambda seen: seen["half"] == "pages" and not seen["upgrade"]),
    (6, ("handshake /news",), "a handshake to /news, a page, arrives without Connection: upgrade",
     "/news는 페이지이므로 핸드셰이크를 보내도 Connection: upgrade 없이 도착해야 합니다",
     lambda seen: not seen["connection"]),
]  # fmt: skip


@exercise
def twelve_routes(bench, file="hybrid.conf"):
    """Runs the learner's configuration on nginx, asks for twelve things, and names the first that goes astray."""
    text = _written(Path(bench.folder, file))
    with running(bench) as start, client() as browser:
        servers = halves(start)
        front = start("nginx", text, servers)
        became = functools.cache(functools.partial(_became, browser, front, servers["chat"]))
        for number, requests, en, ko, right in ASSERTIONS:
            for request, site in product(requests, SITES):
                seen = became(request, site)
                came = (
                    f"status {seen['status']}, by {seen['half']}, target {seen['target']!r}, "
                    f"Host {seen['host']!r} for {site!r}, Upgrade {seen['upgrade']!r}, "
                    f"Connection {seen['connection']!r}"
                )
                expect(
                    right(seen),
                    f"Assertion {number} of 12 fails: {en}. What came: {came}.",
                    f"검사 12개 중 {number}번에서 실패했습니다. {ko}. 실제 결과: {came}.",
                )
    return "All 12 requests went where they should.", "요청 12개가 모두 가야 할 곳으로 갔습니다."


def _written(path):
    """The learner's configuration, if it can be filled in."""
    expect(
        path.exists(),
        f"There is no {path.name} yet: run the cell above.",
        f"아직 {path.name} 파일이 없습니다. 위의 셀을 먼저 실행하세요.",
    )
    text = path.read_text(encoding="utf-8")
    expect(
        re.search(r"^[^#]*\blisten\s+\{\{\s*listen\s*\}\}", text, re.MULTILINE),
        "The line listen {{ listen }}; is missing: without it nginx does not know its address.",
        "listen {{ listen }}; 줄이 없습니다. 이 줄이 없으면 nginx는 자기 주소를 알 수 없습니다.",
    )
    others = ", ".join(sorted(_names(text) - {"listen", "pages", "chat"}))
    expect(
        not others,
        f"The check starts servers of its own: in this file {{{{ }}}} can name listen, pages and chat, not {others}.",
        "확인 셀은 서버를 따로 띄웁니다. "
        f"이 파일의 {{{{ }}}} 안에는 listen, pages, chat만 쓸 수 있는데 {others} 이름이 있습니다.",
    )
    return text


def _names(text):
    """The names that the template's {{ }} use; none if it is not well-formed, of which the bench has more to say."""
    try:
        return find_undeclared_variables(Environment().parse(text))
    except TemplateSyntaxError:
        return set()


def _became(browser, front, chat, request, site):
    """What became of one request: its status, the half it reached, and what that half saw."""
    way, asked = request.split()
    nothing = dict.fromkeys(("target", "host", "upgrade", "connection"), "") | {"half": "nobody"}
    sent = {"asked": asked, "site": site}
    headers = {"Host": site} | (HANDSHAKE if way == "handshake" else {})
    try:
        answer = browser.get(f"{front.url}{asked}", headers=headers)
    except httpx.HTTPError as error:
        return nothing | sent | {"status": type(error).__name__}
    told = _scope(chat) if answer.status_code == 101 else _json(answer)
    told["connection"] = "upgrade" if "upgrade" in told.get("connection", "").lower() else ""  # nginx has two defaults
    return nothing | told | sent | {"status": answer.status_code}


def _scope(chat):
    """What the chat saw of the handshake that it accepted last."""
    scope = chat.events("websocket.accept").last[0].data
    query = scope["query_string"].decode()
    headers = {name.decode(): value.decode() for name, value in scope["headers"]}
    return headers | {"half": "chat", "target": scope["path"] + (f"?{query}" if query else "")}


def _json(answer):
    """What the half that answered says it saw; nothing if the answer is nginx's own."""
    try:
        return answer.json()
    except ValueError:
        return {}
