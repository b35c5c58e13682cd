"""The checks of 1-wsgi/1-contract: timing middleware, a form reader, three repaired apps, all on gunicorn."""

import ast
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


class Errors:
    def __init__(self, stream):
        self._stream = stream

    def __getattr__(self, name):
        return getattr(self._stream, name)

    def write(self, text):
        with open("exercise.errors", "a", encoding="utf-8") as copy:
            copy.write(text)
        return self._stream.write(text)

    def writelines(self, lines):
        for line in lines:
            self.write(line)


def app(environ, start_response):
    environ["wsgi.errors"] = Errors(environ["wsgi.errors"])
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
    \"\"\"wsgi.input is the connection itself, where a read past the body may wait for ever.\"\"\"
    stream = Connection(b"tea=1"[: int(length or 0)])
    fields = form({"REQUEST_METHOD": "POST", "CONTENT_LENGTH": length, "wsgi.input": stream})
    return "overrun" if stream.overrun else f"returned {fields!r}"


def app(environ, start_response):
    length = environ["QUERY_STRING"]
    try:
        said = like_wsgiref(length) if environ["PATH_INFO"] == "/wsgiref" else f"returned {form(environ)!r}"
    except Exception as error:
        said = f"raised {type(error).__name__}: {error}"
    status, body = "200 OK", said.encode(errors="replace")
    start_response(status, [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
    return [body]
"""
REPAIR_APP = """
from wsgiref.validate import validator

import repair
from support import record


@record
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
    found = re.findall(r"^[\w.]+(?:Error|Exception)\b.*", server.log(), re.M)
    return found[-1] if found else ""


def _status(answer: bytes) -> str:
    line = answer.partition(b"\r\n")[0].decode("latin-1")
    return line.removeprefix("HTTP/1.1 ") or "no answer"


@exercise
def timed(bench):
    """Drives timing.py: a list, a stream, a client that leaves, and wsgiref.validate on both sides."""
    for gate in ("gate1", "gate2", "exercise.errors"):
        Path(bench.folder, gate).unlink(missing_ok=True)
    server = _serve(bench, TIMED_APP)
    try:
        _list(bench, server)
        _stream(bench, server)
        _leaver(bench, server)
        _valid(server)
    finally:
        server.stop(grace=0.2)
    return (
        "The pieces stream, the clock covers all of them, and close() is called, even when the client leaves.",
        "조각을 받는 대로 내보내고, 시간을 끝까지 재며, 클라이언트가 떠나도 close()를 호출합니다.",
    )


def _no_error(server, what: str, ko: str) -> None:
    error = _last_error(server)
    expect(
        not error, f"{error} – says the server's log after {what}.", f"{error} – {ko} 뒤에 서버 로그에 남은 오류입니다."
    )


def _list(bench, server) -> None:
    answer = _ask(server, "GET /list")
    _no_error(server, "a request for an app that returns a plain list", "평범한 리스트를 반환하는 앱에 요청을 보낸")
    expect(
        b"X-Kept: yes" in answer and b"one" in answer and b"two" in answer,
        f"An app that returns a plain list no longer works: the client got {_status(answer)}, not all of its response.",
        "평범한 리스트를 반환하는 앱이 더는 동작하지 않습니다. "
        f"클라이언트가 받은 것은 {_status(answer)}이고 응답이 온전하지 않습니다.",
    )
    if _took(bench, "/list"):
        return
    line = r"took \d+\.?\d* s /list"
    written = _errors(bench)
    expect(
        not re.search(line, written),
        "Your line comes, but not as a line of its own: it needs a \\n at its end, and nothing else beside it.",
        "줄을 쓰기는 했지만 한 줄로 떨어져 있지 않습니다. 끝에 \\n을 붙이고, 앞뒤에 다른 글자는 쓰지 마세요.",
    )
    expect(
        not re.search(line, server.log()),
        "Your line went to the server's own output, not to environ['wsgi.errors']: "
        "which log a request's errors belong to, only the server knows.",
        "줄이 environ['wsgi.errors']가 아니라 서버의 표준 출력으로 나갔습니다. "
        "오류를 어느 로그에 남길지는 서버만 압니다.",
    )
    expect(
        False,
        "environ['wsgi.errors'] got no line like 'took 0.012 s /list'. Write it there, with its \\n."
        + (f" It got {written[-60:]!r}." if written else ""),
        "environ['wsgi.errors']에 'took 0.012 s /list' 같은 줄이 없습니다. 거기에 \\n까지 포함해 쓰세요."
        + (f" 지금 쓴 것: {written[-60:]!r}" if written else ""),
    )


def _errors(bench) -> str:
    """All that was written to wsgi.errors."""
    copy = Path(bench.folder, "exercise.errors")
    return copy.read_text(encoding="utf-8") if copy.exists() else ""


def _took(bench, path: str, count: int = 1) -> list[float]:
    """The times in wsgi.errors for this path, once there are `count` of them or half a second is over."""
    deadline = time.monotonic() + 0.5
    while True:
        found = re.findall(rf"^took (\d+\.?\d*) s {re.escape(path)}\n", _errors(bench), re.M)
        if len(found) >= count or time.monotonic() > deadline:
            return [float(each) for each in found]
        time.sleep(0.01)


def _stream(bench, server) -> None:
    with _connect(server, "GET /slow?1", b"\r\n") as client:
        answer = _answer(client, b"one")
        time.sleep(HOLD)
        Path(bench.folder, "gate1").touch()
        answer += _answer(client)
    _no_error(server, "a request for an app that yields its pieces", "조각을 하나씩 내는 앱에 요청을 보낸")
    expect(
        b"late" not in answer and b"two" in answer,
        "The first piece was held back until the second was made: your middleware collects the body. "
        "Pass each piece on at once.",
        "두 번째 조각이 만들어질 때까지 첫 조각이 나가지 않았습니다. 미들웨어가 본문을 모으고 있습니다. "
        "조각은 받는 즉시 넘기세요.",
    )
    took = _took(bench, "/slow")
    expect(
        len(took) == 1 and took[0] >= HOLD,
        f"The body took {HOLD} s or more, but the log says {took or 'nothing'}: "
        "stop the clock when the body is over, not when the app returns.",
        f"본문에 {HOLD}초 이상 걸렸는데 로그에 남은 값은 {took or '없음'}입니다. "
        "앱이 반환할 때가 아니라 본문이 끝날 때까지 시간을 재세요.",
    )
    expect(
        _closed(server),
        "The inner app's iterable has a close(), and nobody called it. Its server is you now (PEP 3333).",
        "안쪽 앱의 이터러블에 close()가 있는데 아무도 호출하지 않았습니다. "
        "이제 그 앱의 서버는 미들웨어입니다(PEP 3333).",
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
        _closed(server) and len(_took(bench, "/slow", 2)) == 2,
        "A client left before the end, and then close() or the line in the log was missing. Do both in `finally`.",
        "클라이언트가 도중에 떠나자 close() 호출이나 로그 줄이 빠졌습니다. 둘 다 `finally`에서 처리하세요.",
    )


def _valid(server) -> None:
    answer = _ask(server, "GET /valid")
    error = _last_error(server)
    expect(
        answer.startswith(b"HTTP/1.1 200") and b"two" in answer and not error,
        f"wsgiref.validate, around and inside your middleware, says: {error or _status(answer)}",
        f"미들웨어의 안팎에 씌운 wsgiref.validate가 이렇게 지적합니다: {error or _status(answer)}",
    )


FIELDS = b"name=Ad%C3%A9&tea=green"
WANTED = {"name": "Adé", "tea": "green"}


@exercise
def form(bench):
    """Drives forms.py: by length, in chunks, without a body, with a length that lies, and without gunicorn."""
    server = _serve(bench, FORM_APP)
    try:
        length = b"Content-Length: %d\r\n\r\n"
        chunks = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (FIELDS[:7], FIELDS[7:], b""))
        chunked = b"Transfer-Encoding: chunked\r\n\r\n" + chunks
        sent = FIELDS.decode()
        _form(_said(server, length % len(FIELDS) + FIELDS), f"Content-Length: {len(FIELDS)}, {sent}", WANTED)
        _form(_said(server, chunked), f"Transfer-Encoding: chunked, {sent}", WANTED)
        _form(_said(server, b"\r\n"), "no length, no chunks", {}, "길이도 청크도 없음")
        _liar(_said(server, length % 100 + FIELDS, half_close=True))
        for number, wanted in ("", {}), ("5", {"tea": "1"}):
            said = _said(server, b"\r\n", f"POST /wsgiref?{number}")
            _form(said, f"CONTENT_LENGTH {number!r}, no wsgi.input_terminated, as under wsgiref", wanted,
                  f"CONTENT_LENGTH {number!r}, wsgi.input_terminated 없음(wsgiref와 같은 조건)")  # fmt: skip
    finally:
        server.stop(grace=0.2)
    return (
        "Length, chunks, neither, and a lie: your reader takes what is there and waits for nothing else.",
        "길이가 있든, 청크로 오든, 둘 다 없든, 길이가 거짓이든 온 것만 읽고 더 기다리지 않습니다.",
    )


def _said(server, rest: bytes, head: str = "POST /", half_close: bool = False) -> str:
    """What came of form(): `returned …`, `raised …`, `overrun`, or the server's status line."""
    answer = _ask(server, head, rest, half_close)
    if answer.startswith(b"HTTP/1.1 200"):
        return answer.partition(b"\r\n\r\n")[2].decode(errors="replace")
    return _status(answer)


def _in_words(said: str) -> tuple[str, str]:
    """The same as the beginning of a sentence about form(), in both languages."""
    how, _, what = said.partition(" ")
    if how == "returned":
        return f"Your form() returned {what}", f"form()의 반환값이 {what}입니다."
    if how == "raised":
        return f"Your form() raised {what}", f"form()에서 {what} 예외가 났습니다."
    if said == "overrun":
        return (
            "Your form() made a read() past the body, which may wait for ever on such a server",
            "form()이 본문 끝을 넘어 읽었습니다. 이런 서버에서는 그 read()가 영원히 기다릴 수 있습니다.",
        )
    if said == "no answer":
        return "Your form() did not return", "form()이 반환하지 않았습니다."
    return f"The client got {said} and nothing of form()", f"form()의 결과 대신 {said} 응답이 왔습니다."


def _form(said: str, sent: str, wanted: dict, sent_ko: str = "") -> None:
    try:
        right = said.startswith("returned ") and ast.literal_eval(said.removeprefix("returned ")) == wanted
    except (ValueError, SyntaxError):
        right = False
    en, ko = _in_words(said)
    expect(
        right,
        f"{en}. What was sent: {sent}. It should return {wanted}.",
        f"{ko} 보낸 것: {sent_ko or sent}. 올바른 반환값은 {wanted}입니다.",
    )


def _liar(said: str) -> None:
    en, ko = _in_words(said)
    expect(
        said.startswith("raised ValueError"),
        f"{en}. But the length said 100 and {len(FIELDS)} bytes came ({FIELDS.decode()}): "
        "raise ValueError when read() brings less than was promised.",
        f"{ko} 그런데 길이는 100이라고 알렸고 온 것은 {len(FIELDS)}바이트입니다({FIELDS.decode()}). "
        "read()가 알린 길이보다 적게 반환하면 ValueError를 일으키세요.",
    )


REPAIRED = {"greet": ("200 OK", "안녕, WSGI!".encode()), "move": ("302 Found", b""), "count": ("200 OK", b"0\n1\n2\n")}


@exercise
def repair(bench):
    """Asks for each app of repair.py through wsgiref.validate on gunicorn, and compares what arrives."""
    server = _serve(bench, REPAIR_APP)
    try:
        for name, (status, body) in REPAIRED.items():
            _repaired(server, name, status, body)
        _one_by_one(server)
    finally:
        server.stop(grace=0.2)
    return (
        "All three pass wsgiref.validate, and every byte arrives.",
        "세 앱 모두 wsgiref.validate를 통과하고, 모든 바이트가 도착합니다.",
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
    expect(not error, f"{name}: the log says {error}", f"{name}: 로그에 다음 오류가 있습니다. {error}")
    expect(
        said == status,
        f"{name}: {status} was wanted; the client saw {said}",
        f"{name}: {status} 응답이어야 합니다. 클라이언트가 받은 것: {said}",
    )
    expect(
        name != "move" or location == "/new",
        f"move: Location should be '/new', and the client got {location!r}.",
        f"move: 올바른 Location은 '/new'인데 클라이언트가 받은 값은 {location!r}입니다.",
    )
    expect(
        got == body,
        f"{name}: {len(body)} bytes were wanted and {len(got)} came: {got!r}",
        f"{name}: {len(body)}바이트가 와야 하는데 {len(got)}바이트가 왔습니다: {got!r}",
    )


def _one_by_one(server) -> None:
    """count, which was asked for last, gave each line as a piece of its own."""
    pieces = [event.data for event in server.events().last if event.name == "yield" and event.data]
    wanted = [b"0\n", b"1\n", b"2\n"]
    expect(
        pieces == wanted,
        f"count: one piece at a time was asked for, {wanted}; the server got {pieces}.",
        f"count: {wanted}처럼 한 조각씩 내야 하는데 서버가 받은 조각은 {pieces}입니다.",
    )
