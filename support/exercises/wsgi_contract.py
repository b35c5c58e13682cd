"""The checks of 1-wsgi/1-contract: timing middleware, a form reader, three repaired apps, all on gunicorn."""

import re
import socket
import struct
import time
from pathlib import Path

import httpx

from . import exercise, expect

TIMED_APP = """
import os
import time
from wsgiref.validate import validator

from support import record
from timing import timed

TEXT = [("Content-Type", "text/plain"), ("X-Kept", "yes")]


def plain(environ, start_response):
    start_response("200 OK", TEXT)
    return [b"one", b"two"]


def slow(environ, start_response):
    start_response("200 OK", TEXT)
    yield b"one"
    deadline = time.monotonic() + 1
    while not os.path.exists(f"gate{environ['QUERY_STRING']}") and time.monotonic() < deadline:
        time.sleep(0.01)
    yield b"two" if time.monotonic() < deadline else b"late"


APPS = {"/list": timed(plain), "/slow": timed(record(slow)), "/valid": validator(timed(validator(plain)))}


def app(environ, start_response):
    return APPS[environ["PATH_INFO"]](environ, start_response)
"""
FORM_APP = """
import io

from forms import form


class Connection(io.BytesIO):
    overrun = False

    def read(self, size=-1):
        self.overrun |= size is None or size < 0 or size > len(self.getvalue()) - self.tell()
        return super().read(size)


def like_wsgiref(length):
    \"\"\"wsgi.input is the connection itself, where a read past the body waits for ever.\"\"\"
    stream = Connection(b"tea=1"[: int(length or 0)])
    fields = form({"REQUEST_METHOD": "POST", "CONTENT_LENGTH": length, "wsgi.input": stream})
    return None if stream.overrun else fields


def app(environ, start_response):
    try:
        length = environ["QUERY_STRING"]
        fields = like_wsgiref(length) if environ["PATH_INFO"] == "/wsgiref" else form(environ)
        status, body = "200 OK", ascii(fields).encode()
    except ValueError:
        status, body = "400 Bad Request", b"ValueError"
    start_response(status, [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
    return [body]
"""
REPAIR_APP = """
from wsgiref.validate import validator

import repair


def app(environ, start_response):
    return validator(getattr(repair, environ["PATH_INFO"][1:]))(environ, start_response)
"""
HOLD = 0.2  # seconds for which the check keeps the slow app from going on


def _serve(bench, source: str):
    """A gunicorn with several threads, running this source: code that hangs keeps only its own thread."""
    Path(bench.folder, "exercise.py").write_text(source, encoding="utf-8")
    return bench.run("gunicorn exercise:app -k gthread --threads 8", name="exercise", timeout=3)


def _connect(server, head: str, body: bytes = b"") -> socket.socket:
    client = socket.create_connection(("127.0.0.1", server.port), timeout=1.5)
    client.sendall(f"{head} HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n".encode() + body)
    return client


def _answer(client: socket.socket, until: bytes = b"") -> bytes:
    """What has come up to `until`, or to the end; cut short after 1.5 seconds of silence or 64 KiB."""
    answer = b""
    try:
        while len(answer) < 65536 and not (until and until in answer) and (piece := client.recv(65536)):
            answer += piece
    except OSError:
        pass
    return answer


def _ask(server, head: str, body: bytes = b"\r\n", half_close: bool = False) -> bytes:
    """The whole answer to one request."""
    with _connect(server, head, body) as client:
        if half_close:
            client.shutdown(socket.SHUT_WR)
        return _answer(client)


def _last_error(server) -> str:
    """The last line of the log that names an exception, or nothing."""
    time.sleep(0.05)
    found = re.findall(r"^\w+(?:Error|Exception)\b.*", server.log(), re.M)
    return found[-1] if found else ""


def _status(answer: bytes) -> str:
    line = answer.partition(b"\r\n")[0].decode("latin-1")
    return line.removeprefix("HTTP/1.1 ") or "no answer"


@exercise
def timed(bench):
    """Drives timing.py: a list, a stream, a client that leaves, and wsgiref.validate on both sides."""
    for gate in ("gate1", "gate2"):
        Path(bench.folder, gate).unlink(missing_ok=True)
    server = _serve(bench, TIMED_APP)
    try:
        _list(server)
        _stream(bench, server)
        _leaver(bench, server)
        _valid(server)
    finally:
        server.stop(grace=0.2)
    return (
        "The pieces stream, the clock covers all of them, and close() is called, even when the client leaves.",
        "조각은 하나씩 흐르고, 시간은 끝까지 재며, 클라이언트가 떠나도 close()가 호출됩니다.",
    )


def _list(server) -> None:
    answer = _ask(server, "GET /list")
    error = _last_error(server)
    expect(
        b"X-Kept: yes" in answer and b"one" in answer and b"two" in answer and not error,
        f"An app that returns a plain list no longer works: {_status(answer)}. The log says: {error or 'nothing'}",
        f"평범한 리스트를 반환하는 앱이 이제 동작하지 않습니다: {_status(answer)}. 로그: {error or '없음'}",
    )
    expect(
        _took(server, "/list"),
        "The server's log has no line like 'took 0.012 s /list'. Write it, with its \\n, to environ['wsgi.errors'].",
        "서버 로그에 'took 0.012 s /list' 같은 줄이 없습니다. environ['wsgi.errors']에 \\n까지 붙여 쓰세요.",
    )


def _took(server, path: str, count: int = 1) -> list[float]:
    """The times in the log for this path, once there are `count` of them or half a second is over."""
    deadline = time.monotonic() + 0.5
    while True:
        found = re.findall(rf"^took (\d+\.?\d*) s {re.escape(path)}$", server.log(), re.M)
        if len(found) >= count or time.monotonic() > deadline:
            return [float(each) for each in found]
        time.sleep(0.01)


def _stream(bench, server) -> None:
    with _connect(server, "GET /slow?1", b"\r\n") as client:
        answer = _answer(client, b"one")
        time.sleep(HOLD)
        Path(bench.folder, "gate1").touch()
        answer += _answer(client)
    expect(
        b"late" not in answer and b"two" in answer,
        "The first piece was held back until the second was made: your middleware collects the body. "
        "Pass each piece on at once.",
        "두 번째 조각이 만들어질 때까지 첫 조각이 붙잡혀 있었습니다. 미들웨어가 본문을 모으고 있습니다. "
        "조각은 받는 즉시 넘기세요.",
    )
    took = _took(server, "/slow")
    expect(
        len(took) == 1 and took[0] >= HOLD,
        f"The body took {HOLD} s or more, but the log says {took or 'nothing'}: "
        "stop the clock when the body is over, not when the app returns.",
        f"본문에 {HOLD}초 넘게 걸렸는데 로그의 값은 {took or '없음'}입니다. "
        "앱이 반환할 때가 아니라 본문이 끝날 때 시간을 재세요.",
    )
    expect(
        _closed(server),
        "The inner app's iterable has a close(), and nobody called it. Its server is you now (PEP 3333).",
        "안쪽 앱의 이터러블에 close()가 있는데 아무도 호출하지 않았습니다. "
        "이제는 미들웨어가 그 앱의 서버입니다(PEP 3333).",
    )


def _closed(server) -> bool:
    """True if the app's iterable was closed in the exchange that began last; waits half a second for it."""
    deadline = time.monotonic() + 0.5
    while "close()" not in server.events("yield").last.names:
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def _leaver(bench, server) -> None:
    with _connect(server, "GET /slow?2", b"\r\n") as client:
        _answer(client, b"one")
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # leave with a RST
    Path(bench.folder, "gate2").touch()
    expect(
        _closed(server) and len(_took(server, "/slow", 2)) == 2,
        "A client left before the end, and then close() or the line in the log was missing. Do both in `finally`.",
        "클라이언트가 도중에 떠나자 close()나 로그 줄이 빠졌습니다. 둘 다 `finally`에서 하세요.",
    )


def _valid(server) -> None:
    answer = _ask(server, "GET /valid")
    error = _last_error(server)
    expect(
        answer.startswith(b"HTTP/1.1 200") and b"two" in answer and not error,
        f"wsgiref.validate, around and inside your middleware, says: {error or _status(answer)}",
        f"미들웨어의 안팎을 감싼 wsgiref.validate의 지적: {error or _status(answer)}",
    )


FIELDS = b"name=Ad%C3%A9&tea=green"
WANTED = "{'name': 'Ad\\xe9', 'tea': 'green'}"


@exercise
def form(bench):
    """Drives forms.py: by length, in chunks, without a body, with a length that lies, and without gunicorn."""
    server = _serve(bench, FORM_APP)
    try:
        length = b"Content-Length: %d\r\n\r\n"
        _form(server, "Content-Length", length % len(FIELDS) + FIELDS, WANTED)
        chunks = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (FIELDS[:7], FIELDS[7:], b""))
        _form(server, "Transfer-Encoding: chunked", b"Transfer-Encoding: chunked\r\n\r\n" + chunks, WANTED)
        _form(server, "neither length nor chunks", b"\r\n", "{}")
        answer = _ask(server, "POST /", length % 100 + FIELDS, half_close=True)
        expect(
            _status(answer).startswith("400"),
            f"The length said 100, {len(FIELDS)} bytes came, and the answer was {_status(answer)}. "
            "Raise ValueError when read() brings less than was promised.",
            f"길이는 100이라고 했는데 {len(FIELDS)}바이트만 왔고, 응답은 {_status(answer)}였습니다. "
            "read()가 약속보다 적게 돌려주면 ValueError를 일으키세요.",
        )
        _like_wsgiref(server)
    finally:
        server.stop(grace=0.2)
    return (
        "Length, chunks, neither, and a lie: your reader takes what is there and waits for nothing else.",
        "길이가 있어도, 청크여도, 둘 다 없어도, 거짓이어도 있는 것만 읽고 헛되이 기다리지 않습니다.",
    )


def _form(server, kind: str, rest: bytes, wanted: str) -> None:
    answer = _ask(server, "POST /", rest)
    got = answer.partition(b"\r\n\r\n")[2].decode("latin-1")
    said = got if answer.startswith(b"HTTP/1.1 200") else f"{_status(answer)} {_last_error(server)}".rstrip()
    expect(
        got == wanted,
        f"A form with {kind}: form() should return {wanted}, but the answer was: {said}",
        f"{kind} 요청: form()은 {wanted}을(를) 반환해야 하는데 응답은 이렇습니다: {said}",
    )


def _like_wsgiref(server) -> None:
    for length, wanted in ("", "{}"), ("5", "{'tea': '1'}"):
        got = _ask(server, f"POST /wsgiref?{length}").partition(b"\r\n\r\n")[2].decode("latin-1")
        said = "a read() past the body" if got == "None" else got or _last_error(server) or "no answer"
        expect(
            got == wanted,
            f"Like under wsgiref, CONTENT_LENGTH is {length!r} and there is no wsgi.input_terminated: {wanted} was "
            f"wanted, and this came of it: {said}. A read() past the body waits for ever there.",
            f"wsgiref에서처럼 CONTENT_LENGTH가 {length!r}이고 wsgi.input_terminated가 없을 때 "
            f"{wanted}이(가) 나와야 하는데 이렇게 되었습니다: {said}. "
            "거기에서 본문 너머를 읽는 read()는 끝없이 기다립니다.",
        )


REPAIRED = {"greet": ("200 OK", "안녕, WSGI!".encode()), "move": ("302 Found", b""), "count": ("200 OK", b"0\n1\n2\n")}


@exercise
def repair(bench):
    """Asks for each app of repair.py through wsgiref.validate on gunicorn, and compares what arrives."""
    server = _serve(bench, REPAIR_APP)
    try:
        for name, (status, body) in REPAIRED.items():
            _repaired(server, name, status, body)
    finally:
        server.stop(grace=0.2)
    return (
        "All three pass wsgiref.validate, and every byte arrives.",
        "셋 다 wsgiref.validate를 통과하고, 모든 바이트가 도착합니다.",
    )


def _repaired(server, name: str, status: str, body: bytes) -> None:
    said, got, location = "nothing", b"", None
    try:
        with httpx.stream("GET", f"{server.url}/{name}", timeout=1.5) as response:
            said, location = f"{response.status_code} {response.reason_phrase}", response.headers.get("location")
            for piece in response.iter_raw():
                got += piece
                if len(got) > 1000:  # an app that never ends
                    break
    except httpx.HTTPError as error:
        said = f"{type(error).__name__}: {error}"
    error = _last_error(server)
    expect(not error, f"{name}: the log says {error}", f"{name}: 로그에 이렇게 나옵니다. {error}")
    expect(
        said == status and (name != "move" or location == "/new"),
        f"{name}: {status} was wanted, with its Location if it is a redirect; the client saw {said}",
        f"{name}: 기대한 것은 {status}이고 리디렉션이면 Location도 있어야 합니다. 클라이언트가 본 것: {said}",
    )
    expect(
        got == body,
        f"{name}: {len(body)} bytes were wanted and {len(got)} came: {got!r}",
        f"{name}: {len(body)}바이트가 와야 하는데 {len(got)}바이트가 왔습니다: {got!r}",
    )
