"""The checks of 3-nginx/3-hybrid, each on real servers: twelve routes, three logs, four sites; two tables beside."""

import contextlib
import io
import re
from itertools import product
from pathlib import Path

import httpx
from websockets.exceptions import WebSocketException
from websockets.sync.client import connect

from ..show import Table
from . import exercise, expect

SITES = ("chat.example:81", "talk.example:82")  # ports that no bench hands out
HANDSHAKE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "MDEyMzQ1Njc4OWFiY2RlZg==",
}

# Both halves answer a plain request with what they saw of it, as JSON; the chat refuses what a real one would.
APPS = {
    "exercise_pages": """
import json
from exercise_chat import people

def app(environ, start_response):
    seen = {name: environ.get(f"HTTP_{name.upper()}", "") for name in ("host", "upgrade", "connection")}
    seen |= {"half": "pages", "target": environ.get("RAW_URI", environ["PATH_INFO"]), "people": len(people)}
    start_response("200 OK", [("Content-Type", "application/json")])
    return [json.dumps(seen).encode()]
""",
    "exercise_chat": """
import json, os, time
from support import record

people = set()

@record
async def app(scope, receive, send):
    headers = {name.decode(): value.decode() for name, value in scope["headers"]}
    if scope["type"] == "http":
        seen = {name: headers.get(name, "") for name in ("host", "upgrade", "connection")}
        seen |= {"half": "chat", "target": scope["path"], "people": len(people)}
        status = 404 if "sec-websocket-key" in headers else 200
        await send({"type": "http.response.start", "status": status})
        return await send({"type": "http.response.body", "body": json.dumps(seen).encode()})
    await receive()
    origin = headers.get("origin", "http://" + headers["host"])
    if origin != "http://" + headers["host"] or scope["path"] == "/":
        return await send({"type": "websocket.close"})
    await send({"type": "websocket.accept"})
    people.add(send)
    while (event := await receive())["type"] == "websocket.receive":
        if event["text"] == "/report":
            print("computing a report")
            begun = time.monotonic()
            while not (served := os.path.exists("page-served")) and time.monotonic() < begun + 1.5:
                time.sleep(0.01)
            event["text"] = "a page came first" if served else "no page came"
        await send({"type": "websocket.send", "text": event["text"]})
    people.discard(send)
""",
    "exercise_whole": """
from asgiref.wsgi import WsgiToAsgi
import exercise_chat, exercise_pages

wrapped = WsgiToAsgi(exercise_pages.app)

async def app(scope, receive, send):
    await (exercise_chat.app if scope["type"] == "websocket" else wrapped)(scope, receive, send)
""",
}

WORKING = """
log_format who '"$request" $status by $proxy_host';
upstream pages { server {{ pages.address }}; }
upstream chat { server {{ chat.address }}; }
server {
    listen {{ listen }};
    access_log /dev/stderr who;
    proxy_http_version 1.1;
    location / {
        proxy_set_header Host $http_host;
        proxy_set_header Connection "";
        proxy_pass http://pages;
    }
    location /ws/ {
        proxy_set_header Host $http_host;
        proxy_set_header Upgrade $http_upgrade;
        proxy_set_header Connection "upgrade";
        proxy_pass http://chat;
    }
}
"""

BY_UPGRADE = """
map $http_upgrade $connection_upgrade { default upgrade;  "" ""; }
map $http_upgrade $half { default pages;  websocket chat; }
upstream pages { server {{ pages.address }}; }
upstream chat { server {{ chat.address }}; }
server {
    listen {{ listen }};
    proxy_http_version 1.1;
    location / {
        proxy_set_header Host $http_host;
        proxy_set_header Upgrade $http_upgrade;
        proxy_set_header Connection $connection_upgrade;
        proxy_pass http://$half;
    }
}
"""


@contextlib.contextmanager
def _running(bench):
    """A function that starts servers on the bench without a word, and stops them all at the end."""
    for name, text in APPS.items():
        Path(bench.folder, f"{name}.py").write_text(text, encoding="utf-8")
    started = []

    def start(command, site=None, names=None):
        with contextlib.redirect_stdout(io.StringIO()):
            name = f"exercise-{len(started)}"
            server = bench.nginx(site, names, name=name) if site else bench.run(command, name=name)
        started.append(server)
        return server

    try:
        yield start
    finally:
        for server in started:
            server.stop(grace=0.5)


def _halves(start):
    """Both halves: gunicorn with the pages, daphne with the chat."""
    access = "--access-logfile - --access-logformat '\"%(r)s\" %(s)s'"
    return {"pages": start(f"gunicorn exercise_pages:app {access}"), "chat": start("daphne exercise_chat:app")}


def logs(*servers):
    """What nginx, gunicorn and daphne wrote about one page and one socket that has ended, side by side; a Table."""
    wanted = {"nginx": (" by ", 2), "gunicorn": ("GET", 1), "daphne": ('"', 3)}
    return Table(["log of", "line"], [
        (server.name, line) for server in servers for line in server.log(*wanted[server.name]).splitlines()
    ])  # fmt: skip


# --- Twelve routes ---

ROUTES = [
    ("/", 0, "GET / reaches the pages", "GET /는 페이지 쪽에 도착해야 합니다", lambda s: s["half"] == "pages"),
    ("/deep/ws/er?x=1", 0, "path and query reach the pages untouched",
     "경로와 쿼리가 그대로 페이지 쪽에 도착해야 합니다",
     lambda s: s["half"] == "pages" and s["target"] == "/deep/ws/er?x=1"),
    ("/a%2Fb", 0, "%2F stays %2F", "%2F는 %2F로 남아야 합니다",
     lambda s: s["half"] == "pages" and s["target"] == "/a%2Fb"),
    ("/wsx", 0, "/wsx is a page", "/wsx는 페이지 쪽에 도착해야 합니다", lambda s: s["half"] == "pages"),
    ("/", 0, "the pages see the client's Host, port included", "페이지 쪽은 클라이언트의 Host를 포트까지 받아야 합니다",
     lambda s: s["host"] == s["site"]),
    ("/", 0, "a page request says no Connection: upgrade", "페이지 요청에는 Connection: upgrade가 없어야 합니다",
     lambda s: not s["connection"]),
    ("/ws/", 1, "a handshake to /ws/ gets 101", "/ws/로 보낸 핸드셰이크에 101이 돌아와야 합니다",
     lambda s: s["status"] == 101),
    ("/ws/room/7?name=kim", 1, "path and query reach the chat untouched",
     "경로와 쿼리가 그대로 채팅 쪽에 도착해야 합니다",
     lambda s: s["half"] == "chat" and s["target"] == "/ws/room/7?name=kim"),
    ("/ws", 1, "a handshake to /ws, without the slash, gets 101",
     "슬래시 없이 /ws로 보낸 핸드셰이크에도 101이 돌아와야 합니다", lambda s: s["status"] == 101),
    ("/ws/", 1, "the chat sees the client's Host, port included",
     "채팅 쪽은 클라이언트의 Host를 포트까지 받아야 합니다", lambda s: s["host"] == s["site"]),
    ("/ws/", 0, "a plain GET of /ws/ reaches the chat, without Connection: upgrade",
     "/ws/로 보낸 일반 GET은 Connection: upgrade 없이 채팅 쪽에 도착해야 합니다",
     lambda s: s["half"] == "chat" and not s["connection"]),
    ("/news", 1, "a handshake to /news reaches the pages, without Upgrade",
     "/news로 보낸 핸드셰이크는 Upgrade 없이 페이지 쪽에 도착해야 합니다",
     lambda s: s["half"] == "pages" and not s["upgrade"]),
]  # fmt: skip


@exercise
def twelve_routes(bench, file="hybrid.conf"):
    """Runs the learner's configuration on nginx, asks for twelve things, and names the first that goes astray."""
    path = Path(bench.folder, file)
    expect(
        path.exists(),
        f"There is no {file} yet: run the cell above.",
        f"아직 {file} 파일이 없습니다. 위의 셀을 먼저 실행하세요.",
    )
    text = path.read_text(encoding="utf-8")
    expect(
        re.search(r"^[^#]*\blisten\s+\{\{\s*listen\s*\}\}", text, re.MULTILINE),
        "The line listen {{ listen }}; is missing: without it nginx does not know its address.",
        "listen {{ listen }}; 줄이 없습니다. 이 줄이 없으면 nginx는 자기 주소를 알 수 없습니다.",
    )
    with _running(bench) as start:
        halves = _halves(start)
        site = start("nginx", text, halves)
        for (number, (target, upgrade, en, ko, right)), name in product(enumerate(ROUTES, 1), SITES):
            seen = _seen(site, halves["chat"], target, upgrade, name)
            came = (
                f"status {seen['status']}, by {seen['half']}, target {seen['target']!r}, "
                f"Host {seen['host']!r} for {name!r}, Upgrade {seen['upgrade']!r}, Connection {seen['connection']!r}"
            )
            expect(
                right(seen),
                f"Assertion {number} of 12 fails: {en}. What came: {came}.",
                f"검사 12개 중 {number}번에서 실패했습니다. {ko}. 실제 결과: {came}.",
            )
    return "All 12 requests went where they should.", "요청 12개가 모두 가야 할 곳으로 갔습니다."


def _seen(site, chat, target, upgrade, name):
    """What became of one request: its status, the half it reached, and what that half saw."""
    nothing = {"site": name, "half": "nobody", "target": "", "host": "", "upgrade": "", "connection": ""}
    headers = {"Host": name} | (HANDSHAKE if upgrade else {})
    try:
        answer = httpx.get(f"{site.url}{target}", headers=headers, timeout=1)
    except httpx.HTTPError as error:
        return nothing | {"status": type(error).__name__}
    if answer.status_code == 101:
        scope = chat.events("websocket.accept").last[0].data
        got = {name.decode(): value.decode() for name, value in scope["headers"]}
        query = scope["query_string"].decode()
        told = {"half": "chat", "target": scope["path"] + (f"?{query}" if query else "")} | got
    else:
        try:
            told = answer.json()
        except ValueError:
            told = {}
    told["connection"] = "upgrade" if "upgrade" in told.get("connection", "").lower() else ""  # nginx has two defaults
    return nothing | told | {"status": answer.status_code}


# --- Three logs ---

FAULTS = {
    "Host": ("proxy_set_header Host $http_host;", ""),
    "Upgrade": ("proxy_set_header Upgrade $http_upgrade;", ""),
    "Connection": ('"upgrade"', "close"),
    "slash": ("http://chat;", "http://chat/;"),
    "upstream": ("http://chat;", "http://pages;"),
}
CASES = {
    "A": ("Host", 3, "daphne saw a WebSocket, with its path whole, and the app itself said no",
          "daphne는 온전한 경로로 WebSocket 요청을 받았고, 거절한 것은 앱입니다"),
    "B": ("slash", 3, "compare the path in nginx's log with the path in daphne's",
          "nginx 로그의 경로와 daphne 로그의 경로를 비교해 보세요"),
    "C": ("Upgrade", 1, "daphne saw an ordinary GET, and had nothing to complain of",
          "daphne가 받은 것은 일반 GET이었고, 문제 삼을 것이 없었습니다"),
}  # fmt: skip


def three_logs(bench):
    """The logs of three broken sites, each asked for a page and for a socket as a browser asks; a Table."""
    rows, pages_lines, chat_lines = [], 0, 0
    with _running(bench) as start:
        halves = _halves(start)
        for case, (fault, lines, *_) in CASES.items():
            site = start("nginx", _with(fault), halves)
            _browser(site)
            found = {
                "nginx": site.log(" by ", count=2).splitlines(),
                "gunicorn": halves["pages"].log('"GET', count=pages_lines + 1).splitlines()[pages_lines:],
                "daphne": halves["chat"].log('"', count=chat_lines + lines).splitlines()[chat_lines:],
            }
            pages_lines += len(found["gunicorn"])
            chat_lines += len(found["daphne"])
            rows += [(case, name, _bare(line)) for name in found for line in found[name]]
    return Table(["case", "log of", "line"], rows)


def _bare(line):
    """A log line without its time, and without the size that daphne puts at its end."""
    line = line[line.index('"') :]
    return line if " by " in line else re.sub(r'(?<=") - -$|(?<= \d{3}) \d+$', "", line)


def _with(fault):
    """The working configuration with one fault in its /ws/ location, or with none."""
    head, location, chat = WORKING.partition("location /ws/")
    return head + location + (chat.replace(*FAULTS[fault]) if fault else chat)


def _browser(site):
    """Asks for a page, then for a socket from that page; the status of the handshake comes back."""
    httpx.get(f"{site.url}/", timeout=1)
    return httpx.get(f"{site.url}/ws/", headers=HANDSHAKE | {"Origin": site.url}, timeout=1).status_code


@exercise
def diagnosed(bench, diagnosis):
    """Mends in each broken site what the learner named, and asks for the socket again."""
    expect(isinstance(diagnosis, dict), "diagnosis is not a dict.", "diagnosis는 dict여야 합니다.")
    names = ", ".join(FAULTS)
    with _running(bench) as start:
        halves = _halves(start)
        for case, (fault, _, en, ko) in CASES.items():
            said = diagnosis.get(case)
            expect(
                isinstance(said, str) and said in FAULTS,
                f"{case}: choose one of {names}.",
                f"{case}: 다음 중 하나를 고르세요. {names}",
            )
            status = _browser(start("nginx", _with(fault if said != fault else None), halves))
            expect(
                status == 101,
                f"{case}: {said} was put right, and the browser's handshake still gets {status}. Hint: {en}.",
                f"{case}: {said}을(를) 바로잡아도 브라우저의 핸드셰이크에는 여전히 {status} 응답이 옵니다. 힌트: {ko}.",
            )
    return (
        "With your three cures, all three sites answer the browser with 101.",
        "진단대로 세 곳을 고치니 세 사이트 모두 브라우저에 101로 응답합니다.",
    )


# --- Four sites ---

STACKS = """
{% for name, (page, socket) in stacks.items() %}
server {
    listen {{ listen }};
    server_name {{ name }};
    proxy_http_version 1.1;
    proxy_set_header Host $http_host;
    location / { proxy_pass http://{{ page.address }}; }
    location /ws/ {
        proxy_set_header Host $http_host;
        proxy_set_header Upgrade $http_upgrade;
        proxy_set_header Connection "upgrade";
        proxy_pass http://{{ socket.address }};
    }
}
{% endfor %}
"""


def four_stacks(bench, pages, chat, uvicorn):
    """What a page and a handshake get behind nginx: from gunicorn, from a mix, and from each ASGI server alone."""
    with _running(bench) as start:
        stacks = {"wsgi": (pages, pages), "mixed": (pages, chat), "daphne": (chat, chat), "uvicorn": (uvicorn, uvicorn)}
        site = start("nginx", STACKS, {"stacks": stacks})

        def status(host, path, headers=None):
            return httpx.get(f"{site.url}{path}", headers={"Host": host} | (headers or {}), timeout=2).status_code

        return {name: (status(name, "/who"), status(name, "/ws/", HANDSHAKE)) for name in stacks}


ARRANGEMENTS = ("wsgi", "path", "upgrade", "asgi")


@exercise
def four_sites(bench, choice):
    """Runs the arrangement chosen for each site and puts the site's demands to it."""
    expect(isinstance(choice, dict), "choice is not a dict.", "choice는 dict여야 합니다.")
    for site in DEMANDS:
        named = choice.get(site)
        expect(
            isinstance(named, str) and named in ARRANGEMENTS,
            f"{site}: choose one of {', '.join(ARRANGEMENTS)}.",
            f"{site}: 다음 중 하나를 고르세요. {', '.join(ARRANGEMENTS)}",
        )
    with _running(bench) as start:
        halves = _halves(start)
        whole = start("daphne exercise_whole:app")
        fronts = {
            "wsgi": (halves["pages"], halves["pages"]),
            "path": (start("nginx", WORKING, halves), halves["chat"]),
            "upgrade": (start("nginx", BY_UPGRADE, halves), halves["chat"]),
            "asgi": (whole, whole),
        }
        for site, demands in DEMANDS.items():
            for demand in demands:
                wrong = demand(*fronts[choice[site]])
                en, ko = wrong or ("", "")
                expect(not wrong, f"{site} on {choice[site]}: {en}", f"{site} 사이트, {choice[site]} 배치: {ko}")
    return "All four sites run as they must.", "네 사이트가 모두 요구 사항대로 동작합니다."


def _answers(path, half):
    def demand(front, chat):
        seen = httpx.get(f"{front.url}{path}", timeout=2).json()
        if seen["half"] != half:
            return (
                f"a plain GET of {path} was answered by the {seen['half']} half.",
                f"{path}로 보낸 일반 GET에 {seen['half']} 쪽이 응답했습니다.",
            )
        return None

    return demand


def _no_socket(front, chat):
    status = httpx.get(f"{front.url}/ws/", headers=HANDSHAKE, timeout=2).status_code
    if status == 101:
        return "a handshake got 101, though nothing on this site may open a socket.", (
            "이 사이트에서는 소켓이 열리면 안 되는데 핸드셰이크에 101이 돌아왔습니다."
        )
    return None


def _socket(path, demand=lambda front, chat, socket: None):
    def opened(front, chat):
        try:
            with connect(f"{front.ws_url}{path}", compression=None, open_timeout=2, close_timeout=1) as socket:
                socket.send("hello")
                socket.recv(timeout=2)
                return demand(front, chat, socket)
        except (WebSocketException, OSError) as error:
            return f"no socket opens at {path} ({error}).", f"{path}에서 소켓이 열리지 않습니다({error})."

    return opened


def _counts(front, chat, socket):
    people = httpx.get(f"{front.url}/who", timeout=2).json()["people"]
    if people < 1:
        return f"the page counts {people} people while one is in the room.", (
            f"방에 한 사람이 있는데 페이지는 {people}명으로 셉니다."
        )
    return None


def _during_report(front, chat, socket):
    served = Path(chat.folder, "page-served")  # ends the report; without it the report gives up
    served.unlink(missing_ok=True)
    socket.send("/report")
    chat.log("computing a report")
    httpx.get(f"{front.url}/faq", timeout=4)
    served.touch()
    if socket.recv(timeout=2) == "no page came":
        return "the page had to wait until the report was done.", "보고서가 완성될 때까지 페이지가 응답하지 못했습니다."
    return None


DEMANDS = {
    "brochure": [_answers("/faq", "pages"), _no_socket],
    "helpdesk": [_socket("/ws/", _during_report), _answers("/ws/health", "chat")],
    "lobby": [_socket("/ws/"), _socket("/ws/", _counts)],
    "wiki": [_answers("/wiki/7", "pages"), _socket("/wiki/7", _during_report)],
}
