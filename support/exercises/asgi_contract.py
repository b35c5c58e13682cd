"""The checks of 2-asgi/1-contract: each drives the learner's app on uvicorn, then on daphne."""

import functools
import hashlib
import re
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import httpx
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus
from websockets.sync.client import connect

from ..errors import BenchError
from . import exercise, expect

# The learner's until_gone, in an app whose work says in the log how far it came. In all three apps the log
# says what the learner's code raised, at once: daphne itself looks only once a second.
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
    if path == "/fail":
        raise ValueError("the work failed")
    print("work is done")


async def app(scope, receive, send):
    assert scope["type"] == "http"
    try:
        finished = await until_gone(work(scope["path"]), receive)
    except BaseException as error:
        print("your code raised", f"{type(error).__name__}: {error}".rstrip(": "))
        raise
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
    try:
        await learners(scope=scope, receive=receive, send=send)
    except BaseException as error:
        print("your code raised", f"{type(error).__name__}: {error}".rstrip(": "))
        raise
"""

# The learner's app. ann vanishes at a fixed moment: her app hears of it, and takes her out, only while somebody
# sends to her, and that send then raises OSError, as the spec has it.
ROOM = """
import asyncio
from contextlib import suppress

from room import app as learners

vanished, told, over = False, asyncio.Event(), asyncio.Event()


async def app(scope, receive, send):
    assert scope["type"] == "websocket"
    name, calls = scope["path"].strip("/"), 0

    async def watched_receive():
        global vanished
        nonlocal calls
        calls += 1
        if calls == 2:
            print("the room listens")
        event = await receive()
        if name == "ann" and event["type"] == "websocket.disconnect":
            vanished = True
            print("ann has vanished")
            await told.wait()
        return event

    async def watched_send(event):
        if calls == 0:
            print("sent before receive")
        if name == "ann" and vanished:
            told.set()
            with suppress(TimeoutError):
                await asyncio.wait_for(over.wait(), 0.2)
            raise OSError("ann is gone")
        await send(event)

    try:
        await learners(scope=scope, receive=watched_receive, send=watched_send)
    except BaseException as error:
        print("your code raised", f"{type(error).__name__}: {error}".rstrip(": "))
        raise
    finally:
        print("the call is over for", name)
        if name == "ann":
            over.set()
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
    server = bench.run(f"{program} exercise:app", name="exercise", timeout=8)
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


def _trouble(server) -> tuple[str, str]:
    """What the log says went wrong in the learner's code, as the first sentence of a message; or nothing."""
    raised = re.search("^your code raised (.*)", server.log(), re.MULTILINE)
    if raised and "coroutine" in raised[1]:
        _said(server, "was never awaited")  # Python says so once the traceback is gone
    forgotten = re.search(r"coroutine '(?:\S+\.)?(?:recorded_|watched_)?(\w+)' was never awaited", server.log())
    if forgotten:
        return f"{forgotten[1]}(…) was never awaited. ", f"{forgotten[1]}(…) 앞에 await가 없습니다. "
    if raised:
        said = raised[1].rstrip(".")
        return f"Your code raised {said}. ", f"작성한 코드에서 {said} 예외가 났습니다. "
    return "", ""


def _expect(server, condition, en: str, ko: str) -> None:
    """expect() whose message begins with what the learner's code raised, if it raised."""
    if not condition:
        trouble_en, trouble_ko = _trouble(server)
        expect(False, trouble_en + en, trouble_ko + ko)


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
        _expect(
            server,
            answer is not None and answer.status_code != 500,
            f"{program}: a client that waited for 0.1 s of work got no answer. Does until_gone return as soon "
            "as the work is done, without waiting for the client to leave?",
            f"{program}: 0.1초짜리 작업을 기다린 클라이언트가 응답을 받지 못했습니다. until_gone이 클라이언트가 "
            "떠나기를 기다리지 않고, 작업이 끝나는 즉시 반환하나요?",
        )
        expect(
            answer.status_code == 200 or _said(server, "work is done", timeout=0),
            f"{program}: the work was cancelled while the client was still there. The first event that receive() "
            "brought was http.request; only http.disconnect says that the client has left.",
            f"{program}: 클라이언트가 아직 떠나지 않았는데 작업이 취소되었습니다. receive()가 처음 반환한 이벤트는 "
            "http.request입니다. 클라이언트가 떠났다고 알리는 이벤트는 http.disconnect뿐입니다.",
        )
        expect(
            answer.status_code == 200,
            f"{program}: the work was done and the client still there, but until_gone did not return True.",
            f"{program}: 작업이 끝났고 클라이언트도 떠나지 않았는데 until_gone이 True를 반환하지 않았습니다.",
        )
        with socket.create_connection(("127.0.0.1", server.port), timeout=1) as client:
            client.sendall(b"GET /long HTTP/1.1\r\nHost: bench\r\n\r\n")
            begun = _said(server, "work begins", count=2)
        expect(begun, f"{program}: the second work never began.", f"{program}: 두 번째 작업이 시작되지 않았습니다.")
        expect(
            _said(server, "work is cancelled"),
            f"{program}: the client left, http.disconnect was there to receive, and 1 s later the work still ran. "
            "Wait for the work and for receive() at the same time, then cancel the work.",
            f"{program}: 클라이언트가 떠나서 http.disconnect를 받을 수 있는데도 1초 뒤까지 작업이 돌고 있었습니다. "
            "작업과 receive()를 동시에 기다리다가, 클라이언트가 떠나면 작업을 취소하세요.",
        )
        _expect(
            server,
            _said(server, "until_gone returned False"),
            f"{program}: the work was cancelled, but until_gone did not return False.",
            f"{program}: 작업은 취소되었지만 until_gone이 False를 반환하지 않았습니다.",
        )
        _ask(server, "GET", "/fail")
        expect(
            _said(server, "your code raised ValueError: the work failed", timeout=0),
            f"{program}: the work raised ValueError, but until_gone did not raise it, so nobody hears that the work "
            "failed. Let it raise: task.result() raises what the task raised.",
            f"{program}: 작업에서 ValueError가 났는데 until_gone은 그 예외를 일으키지 않았습니다. 그러면 작업이 실패한 "
            "것을 아무도 모릅니다. task.result()는 태스크에서 난 예외를 다시 일으킵니다.",
        )
    return (
        "On uvicorn and on daphne: work that a client waits for is done, and ends when the client leaves.",
        "uvicorn과 daphne 모두에서 클라이언트가 기다리면 작업이 끝까지 실행되고, 떠나면 멈춥니다.",
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
            f"{program}: {SENT} MB를 업로드했지만 3초 안에 올바른 해시를 받지 못했습니다.",
        )
        grown = (_peak(program, _ask(server, "GET", "/")) - before) // MEGABYTE
        expect(
            grown <= ALLOWED,
            f"{program}: {SENT} MB were uploaded, and the process took over {ALLOWED} MB more than for an app that "
            "throws each piece away: the pieces are kept. Feed each http.request to the hash and let it go.",
            f"{program}: {SENT} MB를 받는 동안, 조각을 버리기만 하는 앱보다 메모리를 {ALLOWED} MB 넘게 더 썼습니다. "
            "조각을 모아 두고 있기 때문입니다. http.request가 올 때마다 해시에 넣고 버리세요.",
        )
    return (
        f"On uvicorn and on daphne: the digest of {SENT} MB is right, and your app kept less than {ALLOWED} MB of it.",
        f"uvicorn과 daphne 모두에서 {SENT} MB의 해시가 맞고, 앱이 들고 있던 것은 {ALLOWED} MB 미만입니다.",
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
    _expect(
        server,
        answer is not None,
        f"{program}: the upload was never answered. Did every path of your app send http.response.start and "
        "http.response.body, and does it stop receiving when more_body is False?",
        f"{program}: 업로드에 응답이 없습니다. 앱의 모든 분기에서 http.response.start와 "
        "http.response.body를 보내나요? more_body가 False이면 receive() 호출을 멈추나요?",
    )
    _expect(
        server,
        answer.status_code == 200,
        f"{program} answered {answer.status_code}: your app failed or returned without an answer.",
        f"{program} 서버의 응답은 {answer.status_code}입니다. 앱에서 예외가 났거나 앱이 응답 없이 반환했습니다.",
    )
    got = answer.text.strip()
    pieces = [event.data.get("body", b"") for event in server.events() if event.name == "http.request"]
    for place, piece in (("first", pieces[0]), ("last", pieces[-1])) if len(pieces) else ():
        korean = "첫" if place == "first" else "마지막"
        expect(
            piece == body or got != hashlib.sha256(piece).hexdigest(),
            f"{program}: this is the digest of the {place} http.request alone ({len(piece):,} of {len(body):,} bytes). "
            "Go on while more_body is True, with one hash for all.",
            f"{program}: {korean} http.request만의 해시입니다({len(body):,}바이트 중 {len(piece):,}바이트). "
            "more_body가 True인 동안 같은 해시에 계속 넣으세요.",
        )
    expect(
        got == hashlib.sha256(body).hexdigest(),
        f"{program}: the body of the answer is not the SHA-256 of the upload in hex: it begins {got[:12]!r}.",
        f"{program}: 응답 본문이 업로드의 SHA-256 hex 문자열이 아닙니다. 본문의 앞부분: {got[:12]!r}",
    )


@on_both
def room(bench, program):
    """Three clients talk at once; one says goodbye, one vanishes while she is spoken to, one comes anew."""
    with _server(bench, program, ROOM) as server, ExitStack() as open_clients:
        members = {}

        def join(name):
            members[name] = open_clients.enter_context(_joined(server, program, name))
            number = {"ann": 1, "bob": 2, "cho": 3, "dan": 4}[name]
            early = "sent before receive" in server.log()
            _expect(
                server,
                _said(server, "the room listens", count=number),
                f"{program}: after websocket.accept the app never called receive() again, so it hears nobody."
                if not early
                else f"{program}: the first event is websocket.connect. Call receive() once before websocket.accept.",
                f"{program}: websocket.accept 뒤에 앱이 receive()를 다시 호출하지 않아 메시지를 전혀 받지 못합니다."
                if not early
                else f"{program}: 첫 이벤트는 websocket.connect입니다. websocket.accept를 보내기 전에 receive()를 "
                "한 번 호출하세요.",
            )

        for name in ("ann", "bob", "cho"):
            join(name)
        for name in members:
            _says(server, program, members, name, f"{name} is here")
        members.pop("cho").close()
        _judge_goodbye(server, program)
        _says(server, program, members, "bob", "bye, cho", (" after cho left", " cho가 떠난 뒤"))
        with suppress(OSError):
            members.pop("ann").socket.shutdown(socket.SHUT_RDWR)
        _said(server, "ann has vanished")
        later = " after ann vanished", " ann이 말없이 사라진 뒤"
        for text in ("who is left?", "only me?"):
            _says(server, program, members, "bob", text, later)
        join("dan")
        _says(server, program, members, "dan", "dan is new", later)
    return (
        "On uvicorn and on daphne: three clients hear each other, and the room survives those who leave.",
        "uvicorn과 daphne 모두에서 세 클라이언트가 서로의 메시지를 받고, 누가 떠나도 채팅방은 계속 동작합니다.",
    )


def _joined(server, program: str, name: str):
    """A client whose handshake the learner's app has accepted."""
    try:
        return connect(
            f"{server.ws_url}/{name}", compression=None, open_timeout=1, close_timeout=0.2, ping_interval=None
        )
    except (InvalidHandshake, TimeoutError, OSError) as error:
        refused = isinstance(error, InvalidStatus)
        status = f"with HTTP {error.response.status_code} instead of 101" if refused else "not at all"
        said_ko = f"101이 아니라 HTTP {error.response.status_code} 응답이" if refused else "아무 응답도"
        came_ko = "왔습니다" if refused else "오지 않았습니다"
        _expect(
            server,
            False,
            f"{program}: {name}'s handshake was answered {status}. Receive "
            "websocket.connect, then send websocket.accept.",
            f"{program}: {name}의 핸드셰이크에 {said_ko} {came_ko}. "
            "websocket.connect를 받은 다음 websocket.accept를 보내세요.",
        )


def _judge_goodbye(server, program: str) -> None:
    """The app's call must return, and without an exception, when cho closes her connection."""
    over = _said(server, "the call is over for cho")
    trouble_en, trouble_ko = _trouble(server)
    expect(
        not trouble_en,
        f"{trouble_en}{program}: that was when cho left. The last event is websocket.disconnect, and it has no text "
        "and no bytes.",
        f"{trouble_ko}{program}: cho가 떠났을 때입니다. 마지막 이벤트는 websocket.disconnect이며, text도 bytes도 "
        "들어 있지 않습니다.",
    )
    expect(
        over,
        f"{program}: cho left, and 1 s later your app had not returned. After websocket.disconnect nothing comes.",
        f"{program}: cho가 떠나고 1초가 지났는데도 앱이 반환하지 않았습니다. websocket.disconnect 뒤에는 아무 이벤트도 "
        "오지 않습니다.",
    )


def _says(server, program: str, members: dict, speaker: str, text: str, when: tuple[str, str] = ("", "")) -> None:
    """One member says a text; every member must hear it, and nothing else."""
    then, then_ko = when
    with suppress(ConnectionClosed):
        members[speaker].send(text)
    # Who is at fault may be seen at any member: the set has no order.
    heard = {name: _heard(member) for name, member in members.items()}
    for name, words in heard.items():
        lost, silent = words is ConnectionClosed, words is TimeoutError
        how = "lost the connection" if lost else "heard nothing for 1 s"
        said_ko = "연결이 끊겼습니다" if lost else "1초 동안 아무것도 받지 못했습니다"
        _expect(
            server,
            not (lost or silent),
            f"{program}: {speaker} said {text!r}{then}, and {name} {how}. Each websocket.receive must become one "
            "websocket.send to every member who is still there.",
            f"{program}:{then_ko} {speaker}의 메시지가 {text!r}일 때 {name} 쪽에서 {said_ko}. "
            "websocket.receive를 받을 때마다 남아 있는 모든 멤버에게 websocket.send를 하나씩 보내야 합니다.",
        )
        _expect(
            server,
            words == text,
            f"{program}: {speaker} said {text!r}{then}, but {name} heard {words!r}.",
            f"{program}:{then_ko} {speaker}의 메시지는 {text!r}인데 {name} 쪽에 온 것은 {words!r}입니다.",
        )


def _heard(member):
    """What a member hears next, or the exception that says it heard nothing."""
    try:
        return member.recv(timeout=1)
    except (TimeoutError, ConnectionClosed) as error:
        return TimeoutError if isinstance(error, TimeoutError) else ConnectionClosed
