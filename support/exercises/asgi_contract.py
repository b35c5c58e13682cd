"""The checks of 2-asgi/1-contract: each drives the learner's app on uvicorn, then on daphne."""

import functools
import hashlib
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import httpx
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus
from websockets.sync.client import connect

from ..errors import BenchError
from . import exercise, expect

# The learner's until_gone, in an app whose work says in the log how far it came.
LEAVING = """
import asyncio

from leaving import until_gone


async def work(path):
    print("work begins")
    try:
        await asyncio.sleep(30 if path == "/long" else 0.1)
    except asyncio.CancelledError:
        print("work is cancelled")
        raise
    print("work is done")


async def app(scope, receive, send):
    assert scope["type"] == "http"
    finished = await until_gone(work(scope["path"]), receive)
    print("until_gone returned", finished)
    await send({"type": "http.response.start", "status": 200 if finished else 503})
    await send({"type": "http.response.body"})
"""

# The learner's app, and at /discard one that throws every piece away; a GET answers with the largest memory
# (bytes) that the process had so far.
UPLOAD = """
import psutil

from support import record
from upload import app as learners

peak = 0


def look():
    global peak
    peak = max(peak, psutil.Process().memory_info().rss)


async def app(scope, receive, send):
    assert scope["type"] == "http"

    async def watched_receive():
        look()
        return await receive()

    async def watched_send(event):
        look()
        await send(event)

    if scope["path"] == "/discard":
        while (await watched_receive()).get("more_body"):
            pass
    elif scope["method"] == "POST":
        recorded = record(call) if scope["path"] == "/small" else call
        return await recorded(scope, watched_receive, watched_send)
    look()
    await send({"type": "http.response.start", "status": 200})
    await send({"type": "http.response.body", "body": str(peak).encode()})


async def call(scope, receive, send):
    await learners(scope=scope, receive=receive, send=send)
"""

# The learner's app, which says in the log when it waits for what a member says.
ROOM = """
from room import app as learners
from support import record


@record
async def app(scope, receive, send):
    assert scope["type"] == "websocket"
    calls = 0

    async def counted_receive():
        nonlocal calls
        calls += 1
        if calls == 2:
            print("the room listens")
        return await receive()

    await learners(scope=scope, receive=counted_receive, send=send)
"""

MEGABYTE = 1 << 20
SENT, ALLOWED = 48, 20  # megabytes: what is uploaded, and by how much the process may grow meanwhile


def on_both(check):
    """The check on uvicorn, then on daphne, as one exercise."""

    @exercise
    @functools.wraps(check)
    def both(bench):
        check(bench, "uvicorn")
        return check(bench, "daphne")

    return both


@contextmanager
def _server(bench, program: str, source: str) -> Iterator:
    """The program, serving the source as exercise.py; stopped at the end."""
    Path(bench.folder, "exercise.py").write_text(source, encoding="utf-8")
    server = bench.run(f"{program} exercise:app", name="exercise", timeout=4)
    try:
        yield server
    finally:
        server.stop(grace=0.2)


def _said(server, text: str, count: int = 1, timeout: float = 1.0) -> bool:
    """True once the server's log has `count` lines with the text; False after `timeout` seconds."""
    try:
        return bool(server.log(text, count=count, timeout=timeout))
    except BenchError:
        return False


def _last_words(server) -> str:
    """The exception that the server's log names last, or nothing."""
    lines = [line for line in server.log().splitlines() if "Error" in line.split(":")[0] and not line[:1].isspace()]
    return f" ({lines[-1]})" if lines and not lines[-1].startswith("ERROR") else ""


def _ask(server, method: str, path: str, content=None, timeout: float = 1.5) -> httpx.Response | None:
    """The response; None when there was none in time, or the connection broke."""
    try:
        return httpx.request(method, server.url + path, content=content, timeout=timeout)
    except httpx.TransportError:
        return None


@on_both
def until_gone(bench, program):
    """Asks for short work and gets it; asks for long work and leaves: the work must be cancelled."""
    with _server(bench, program, LEAVING) as server:
        answer = _ask(server, "GET", "/short")
        words = _last_words(server)
        expect(
            answer is not None and answer.status_code != 500,
            f"{program}: a client that waited for 0.1 s of work got no answer{words}. Does until_gone return as soon "
            "as the work is done, without waiting for the client to leave?",
            f"{program}: 0.1초짜리 작업을 기다린 클라이언트가 응답을 받지 못했습니다{words}. until_gone이 클라이언트가 "
            "떠나기를 기다리지 않고, 작업이 끝나는 즉시 반환하나요?",
        )
        expect(
            answer.status_code == 200 or _said(server, "work is done", timeout=0),
            f"{program}: the work was cancelled while the client was still there. The first event that receive() "
            "brought was http.request; only http.disconnect says that the client has left.",
            f"{program}: 클라이언트가 아직 있는데 작업이 취소되었습니다. receive()가 처음 준 이벤트는 "
            "http.request입니다. 클라이언트가 떠났다고 알리는 이벤트는 http.disconnect뿐입니다.",
        )
        expect(
            answer.status_code == 200,
            f"{program}: the work was done and the client still there, but until_gone did not return True.",
            f"{program}: 작업이 끝났고 클라이언트도 그대로인데 until_gone이 True를 반환하지 않았습니다.",
        )
        with socket.create_connection(("127.0.0.1", server.port), timeout=1) as client:
            client.sendall(b"GET /long HTTP/1.1\r\nHost: bench\r\n\r\n")
            begun = _said(server, "work begins", count=2)
        expect(begun, f"{program}: the second work never began.", f"{program}: 두 번째 작업이 시작되지 않았습니다.")
        expect(
            _said(server, "work is cancelled"),
            f"{program}: the client left, http.disconnect was there to receive, and 1 s later the work still ran. "
            "Wait for the work and for receive() at the same time, then cancel the work.",
            f"{program}: 클라이언트가 떠나 http.disconnect를 받을 수 있었는데도 1초 뒤까지 작업이 돌고 있었습니다. "
            "작업과 receive()를 동시에 기다리고, 떠나면 작업을 취소하세요.",
        )
        expect(
            _said(server, "until_gone returned False"),
            f"{program}: the work was cancelled, but until_gone did not return False{_last_words(server)}.",
            f"{program}: 작업은 취소되었지만 until_gone이 False를 반환하지 않았습니다{_last_words(server)}.",
        )
    return (
        "On uvicorn and on daphne: work that a client waits for is done, and ends when the client leaves.",
        "uvicorn과 daphne 모두에서 기다리는 클라이언트의 작업은 끝까지 가고, 떠난 클라이언트의 작업은 멈춥니다.",
    )


@on_both
def upload(bench, program):
    """Uploads 300,000 bytes and compares the digest, then 48 MB and looks at the memory of the process."""
    with _server(bench, program, UPLOAD) as server:
        small = bytes(range(250)) * 1200
        answer = _ask(server, "POST", "/small", small)
        _judge_digest(server, program, answer, small)
        piece = bytes(65536)
        # daphne puts the whole upload into a queue before the app sees any of it: that is not the learner's doing.
        before = _peak(program, _ask(server, "POST", "/discard", (piece for _ in range(SENT * 16)), timeout=4))
        answer = _ask(server, "POST", "/large", (piece for _ in range(SENT * 16)), timeout=3)
        expect(
            answer is not None and answer.text.strip() == hashlib.sha256(bytes(SENT * MEGABYTE)).hexdigest(),
            f"{program}: {SENT} MB got no digest, or a wrong one, in 3 s.",
            f"{program}: {SENT} MB를 올렸더니 3초 안에 올바른 해시가 오지 않았습니다.",
        )
        grown = (_peak(program, _ask(server, "GET", "/")) - before) // MEGABYTE
        expect(
            grown <= ALLOWED,
            f"{program}: {SENT} MB were uploaded, and the process took over {ALLOWED} MB more than for an app that "
            "throws each piece away: the pieces are kept. Feed each http.request to the hash and let it go.",
            f"{program}: {SENT} MB를 올리는 동안, 조각을 버리기만 하는 앱보다 메모리를 {ALLOWED} MB 넘게 더 썼습니다. "
            "조각을 모아 두고 있습니다. http.request가 올 때마다 해시에 넣고 놓아주세요.",
        )
    return (
        f"On uvicorn and on daphne: the digest of {SENT} MB is right, and your app kept less than {ALLOWED} MB of it.",
        f"uvicorn과 daphne 모두에서 {SENT} MB의 해시가 맞고, 앱이 쥐고 있던 것은 {ALLOWED} MB가 되지 않습니다.",
    )


def _peak(program: str, answer: httpx.Response | None) -> int:
    """The memory (bytes) that the exercise's app reported."""
    expect(
        answer is not None,
        f"{program} stopped answering after your app had run: does it block the event loop?",
        f"앱이 실행된 뒤로 {program} 서버가 응답하지 않습니다. 앱이 이벤트 루프를 막고 있지 않나요?",
    )
    return int(answer.text)


def _judge_digest(server, program: str, answer: httpx.Response | None, body: bytes) -> None:
    """Names the first event that went wrong in the upload of the body."""
    words = _last_words(server)
    expect(
        answer is not None,
        f"{program}: the upload was never answered{words}. Did every path of your app send http.response.start and "
        "http.response.body, and does it stop receiving when more_body is False?",
        f"{program}: 업로드에 응답이 없습니다{words}. 앱의 모든 경로에서 http.response.start와 "
        "http.response.body를 보내나요? more_body가 False이면 받기를 멈추나요?",
    )
    expect(
        answer.status_code == 200,
        f"{program} answered {answer.status_code}: your app failed or returned without an answer{words}.",
        f"{program} 서버가 {answer.status_code}(으)로 응답했습니다. 앱이 실패했거나 응답 없이 반환했습니다{words}.",
    )
    got = answer.text.strip()
    pieces = [event.data.get("body", b"") for event in server.events() if event.name == "http.request"]
    for place, piece in (("first", pieces[0]), ("last", pieces[-1])) if len(pieces) else ():
        korean = "첫" if place == "first" else "마지막"
        expect(
            piece == body or got != hashlib.sha256(piece).hexdigest(),
            f"{program}: this is the digest of the {place} http.request alone ({len(piece):,} of {len(body):,} bytes). "
            "Go on while more_body is True, with one hash for all.",
            f"{program}: {korean} http.request 하나만의 해시입니다({len(body):,}바이트 가운데 {len(piece):,}바이트). "
            "more_body가 True인 동안 같은 해시에 계속 넣으세요.",
        )
    expect(
        got == hashlib.sha256(body).hexdigest(),
        f"{program}: the body of the answer is not the SHA-256 of the upload in hex: it begins {got[:12]!r}.",
        f"{program}: 응답 본문이 업로드의 SHA-256을 16진수로 쓴 것이 아닙니다. {got[:12]!r}(으)로 시작합니다.",
    )


@on_both
def room(bench, program):
    """Three clients talk at once; one says goodbye, one vanishes, one comes anew."""
    with _server(bench, program, ROOM) as server, ExitStack() as open_clients:

        def join(name, number):
            try:
                client = open_clients.enter_context(
                    connect(server.ws_url, compression=None, open_timeout=1, close_timeout=0.2, ping_interval=None)
                )
            except (InvalidHandshake, TimeoutError, OSError) as error:
                refused = isinstance(error, InvalidStatus)
                status = f"with HTTP {error.response.status_code} instead of 101" if refused else "not at all"
                said_ko = f"101이 아니라 HTTP {error.response.status_code} 응답이" if refused else "아무 응답도"
                came_ko = "왔습니다" if refused else "오지 않았습니다"
                words = _last_words(server)
                expect(
                    False,
                    f"{program}: {name}'s handshake was answered {status}{words}. Receive "
                    "websocket.connect, then send websocket.accept.",
                    f"{program}: {name}의 핸드셰이크에 {said_ko} {came_ko}{words}. "
                    "websocket.connect를 받은 다음 websocket.accept를 보내세요.",
                )
            expect(
                _said(server, "the room listens", count=number),
                f"{program}: after websocket.accept the app never called receive() again, so it hears nobody.",
                f"{program}: websocket.accept 뒤에 앱이 receive()를 다시 호출하지 않아 아무 말도 듣지 못합니다.",
            )
            return client

        members = {name: join(name, number) for number, name in enumerate(("ann", "bob", "cho"), start=1)}
        for name, client in members.items():
            _says(program, members, name, client, f"{name} is here")
        members.pop("bob").close()
        with suppress(OSError):
            members.pop("cho").socket.shutdown(socket.SHUT_RDWR)
        for text in ("who is left?", "only me?"):
            _says(program, members, "ann", members["ann"], text, " after bob and cho left")
        members["dan"] = join("dan", 4)
        _says(program, members, "dan", members["dan"], "dan is new", " after bob and cho left")
    return (
        "On uvicorn and on daphne: three clients hear each other, and the room survives those who leave.",
        "uvicorn과 daphne 모두에서 세 클라이언트가 서로의 말을 듣고, 누가 떠나도 방은 그대로입니다.",
    )


def _says(program: str, members: dict, speaker: str, client, text: str, when: str = "") -> None:
    """One member says a text; every member must hear it, and nothing else."""
    later = " bob과 cho가 떠난 뒤" if when else ""
    with suppress(ConnectionClosed):
        client.send(text)
    for name, member in members.items():
        try:
            heard = member.recv(timeout=1)
        except (TimeoutError, ConnectionClosed) as error:
            how = "lost the connection" if isinstance(error, ConnectionClosed) else "heard nothing for 1 s"
            said_ko = (
                "연결을 잃었습니다" if isinstance(error, ConnectionClosed) else "1초 동안 아무것도 듣지 못했습니다"
            )
            expect(
                False,
                f"{program}: {speaker} said {text!r}{when}, and {name} {how}. Each websocket.receive must become one "
                "websocket.send to every member who is still there.",
                f"{program}:{later} {speaker}의 말 {text!r}에 {name} 쪽에서는 {said_ko}. websocket.receive 하나는 "
                "남아 있는 모든 멤버에게 websocket.send 하나가 되어야 합니다.",
            )
        expect(
            heard == text,
            f"{program}: {speaker} said {text!r}{when}, but {name} heard {heard!r}.",
            f"{program}:{later} {speaker}의 말은 {text!r}인데 {name}에게는 {heard!r}(으)로 들렸습니다.",
        )
