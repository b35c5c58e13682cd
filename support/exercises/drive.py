"""What all checks do with a server: run a program of theirs on it, ask it, shake hands with it, hang up on it."""

import contextlib
import io
import shutil
import socket
import struct
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import h11

from ..bench.bench import Bench
from ..bench.server import Server
from ..errors import BenchError, Said
from ..loopback import HOST
from ..peers import KEY
from ..show import Table
from ..waiting import until
from ..wire.tap import Tap
from . import NotYet, expect, failure
from .exchange import Exchange, exchange, titled

SILENCE = 2  # seconds after which nothing more is expected of a server that says nothing
MOST = 65536  # bytes of an answer: some apps never end
HANDSHAKE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": KEY,
}
H2C = {"Connection": "Upgrade, HTTP2-Settings", "Upgrade": "h2c", "HTTP2-Settings": ""}  # RFC 7540, section 3.2


def written(bench: Bench, file: str) -> Path:
    """The path of the learner's file; NotYet if the cell that writes it has not been run."""
    path = Path(bench.folder, file)
    expect(
        path.exists(),
        Said(
            f"There is no {file} yet. Run the cell that writes it (`%%writefile {file}`), then this one.",
            f"아직 {file} 파일이 없습니다. `%%writefile {file}` 셀을 먼저 실행한 뒤 이 셀을 다시 실행하세요.",
        ),
    )
    return path


@contextlib.contextmanager
def serving(
    bench: Bench, programs: Mapping[str, Path] | None = None, aloud: bool = True
) -> Iterator[Callable[..., Tap]]:
    """A function that runs a server and puts a tap before it; all of them are ended with the block.

    `programs` are files of the check, copied into the bench's folder under the names they have there. `serve(command)`
    takes what `Bench.run` takes; `serve(site=…, names=…)` runs nginx. Without `aloud` no command is printed, and a
    failure inside of the block offers no curl command: the server is gone by then, and nobody can run it again.
    """
    for name, program in (programs or {}).items():
        shutil.copyfile(program, Path(bench.folder, name))
    taps: list[Tap] = []

    def serve(command: str = "", *, site: str = "", names: dict | None = None, client: str = "client") -> Tap:
        key = f"exercise-{len(taps)}"
        with contextlib.nullcontext() if aloud else contextlib.redirect_stdout(io.StringIO()):
            server = bench.nginx(site, names, key=key) if site else bench.run(command)
        taps.append(bench.tap(server, client=client))
        return taps[-1]

    try:
        yield serve
    except NotYet as wrong:
        if wrong.exchange and not aloud:
            wrong.exchange = replace(wrong.exchange, curl="")
        raise
    finally:
        for tap in taps:
            tap.close()
        with ThreadPoolExecutor() as together:
            list(together.map(lambda tap: Server.stop(tap.upstream, grace=0.2), taps))


@contextlib.contextmanager
def judged(*taps: Tap, curl: str = "") -> Iterator[None]:
    """What crosses the taps inside of the block is the exchange that a failure in it shows; see `exchange`."""
    for tap in taps:
        tap.clear()
    began = time.monotonic_ns()
    try:
        yield
    except (Exception, SystemExit) as error:
        wrong = failure(error)
        wrong.exchange = wrong.exchange or exchange(taps, began, curl)
        raise wrong from error


@contextlib.contextmanager
def tabled(parties: str, table: Callable[[], Table]) -> Iterator[None]:
    """What a failure inside of the block shows is the table as it is by then, of the two who talk: `uvicorn ⇄ app`."""
    try:
        yield
    except NotYet as wrong:
        wrong.exchange = Exchange(titled(parties, table()))
        raise


@dataclass(frozen=True)
class Answer:
    """The bytes that came back for one request; `ended` is False where a silence ended the reading."""

    raw: bytes
    ended: bool = True

    @cached_property
    def _events(self) -> list:
        """What h11 makes of the bytes; the last one is the error, if they are no whole HTTP/1.1 answer."""
        parser = h11.Connection(h11.CLIENT)
        upgrade = [("Upgrade", "websocket"), ("Connection", "Upgrade")]
        parser.send(h11.Request(method="GET", target="/", headers=[("Host", "-"), *upgrade]))
        parser.send(h11.EndOfMessage())
        parser.receive_data(self.raw)
        if self.ended:
            parser.receive_data(b"")
        events: list = []
        try:
            while (event := parser.next_event()) not in (h11.NEED_DATA, h11.PAUSED):
                events.append(event)
                if isinstance(event, h11.EndOfMessage | h11.ConnectionClosed):
                    break
        except h11.RemoteProtocolError as error:
            events.append(error)
        return events

    @property
    def _head(self) -> h11.Response | h11.InformationalResponse | None:
        return next((e for e in self._events if isinstance(e, h11.Response | h11.InformationalResponse)), None)

    @property
    def status(self) -> str:
        """`200 OK`, or `no answer`."""
        return f"{self.code} {self._head.reason.decode('latin-1')}".rstrip() if self._head else "no answer"

    @property
    def code(self) -> int:
        """The status code; 0 where no answer came."""
        return self._head.status_code if self._head else 0

    @property
    def body(self) -> bytes:
        """The body, without the framing of its chunks, as far as it came."""
        return b"".join(bytes(event.data) for event in self._events if isinstance(event, h11.Data))

    @property
    def whole(self) -> bool:
        """True once the answer is complete, or is a 101, which no end follows."""
        return self.code == 101 or any(isinstance(event, h11.EndOfMessage) for event in self._events)

    @property
    def fault(self) -> str:
        """What h11 has against the answer; nothing where it has nothing, or where none came."""
        return next((str(event) for event in self._events if isinstance(event, Exception) and self.raw), "")

    def header(self, name: str) -> str | None:
        """The value of the first header of that name."""
        wanted = name.lower().encode()
        return next((value.decode("latin-1") for key, value in self._head.headers if key == wanted), None)


def connect(
    tap: Tap, head: str, headers: Mapping[str, str] | None = None, body: bytes = b"", version: str = "HTTP/1.1"
) -> socket.socket:
    """A connection on which a request has been sent: "GET /path", its headers and its body, as they stand."""
    lines = {"Host": tap.address, "Connection": "close"} | dict(headers or {})
    text = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    client = socket.create_connection((HOST, tap.port), timeout=SILENCE)
    client.sendall(f"{head} {version}\r\n{text}\r\n".encode() + body)
    return client


def receive(client: socket.socket, enough: Callable[[bytes], object] = lambda came: False, most: int = MOST) -> Answer:
    """What comes until it is enough, or to the end; cut short after a silence or `most` bytes."""
    came, ended = b"", False
    with contextlib.suppress(OSError):
        while len(came) < most and not enough(came) and not ended:
            piece = client.recv(MOST)
            came, ended = came + piece, not piece
    return Answer(came, ended)


def ask(
    tap: Tap,
    head: str,
    headers: Mapping[str, str] | None = None,
    body: bytes | Iterable[bytes] = b"",
    *,
    half_close: bool = False,
    timeout: float = SILENCE,
) -> Answer:
    """The whole answer to one request. A body in pieces is sent one by one, in chunks if Transfer-Encoding says so."""
    pieces = iter([body] if isinstance(body, bytes) else body)
    with connect(tap, head, headers, next(pieces, b"")) as client:
        client.settimeout(timeout)
        with contextlib.suppress(OSError):  # who does not want all of it may answer, and hang up, before its end
            for piece in pieces:
                client.sendall(piece)
            if half_close:
                client.shutdown(socket.SHUT_WR)
        return receive(client)


def chunked(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The pieces of a body as chunks, and the one that ends it (RFC 9112, section 7.1)."""
    for piece in pieces:
        yield b"%x\r\n%s\r\n" % (len(piece), piece)
    yield b"0\r\n\r\n"


def handshake(tap: Tap, path: str, headers: Mapping[str, str] | None = None) -> Answer:
    """The answer to a WebSocket handshake (RFC 6455, section 4.1); the connection is closed then."""
    with connect(tap, f"GET {path}", HANDSHAKE | dict(headers or {})) as client:
        return receive(client, lambda came: Answer(came, ended=False).whole)


def reset(tap: Tap, client: socket.socket) -> None:
    """Ends the connection with a RST (SO_LINGER with no time, SOCKET(7)); returns once the tap has passed it on."""
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()
    until(lambda: any(message.name == "RST" for message in tap.wire.messages), SILENCE)


def said(tap: Tap, text: str, count: int = 1, timeout: float = SILENCE) -> bool:
    """True once the server's log has `count` lines with the text; False after `timeout` seconds."""
    try:
        return bool(tap.upstream.log(text, count=count, timeout=timeout))
    except BenchError:
        return False
