"""A request, said as it stands, and every byte of the answer."""

import contextlib
import socket
import ssl

import h11

from ..errors import BenchError, expect_text
from ..loopback import HOST
from ..show import visible
from .heads import parser_for
from .http1 import requests

GRACE = 1.0  # seconds in which a server that says it will close is expected to


def say(server, head: str, body: bytes = b"", host: str | None = "bench", timeout: float = 5) -> bytes:
    """Sends a request as it stands, and gives back every byte of the answer.

    `head` is the request line and its headers, joined by CRLF; a Host header follows them, none with `host=None`, and
    the empty line. `body` goes behind it as it is. An https server is spoken to in TLS, and its certificate not asked.

    The answer is over when h11 says so, for as many requests as were sent, or at the server's FIN. Raises BenchError
    with what had come if it is not over after `timeout` seconds of silence, or if nothing came before a reset.
    """
    expect_text(head, "say()")
    last = [f"Host: {host}"] if host is not None else []
    request = "\r\n".join([head, *last, "", ""]).encode() + body
    with _connected(server, timeout) as sock:
        with contextlib.suppress(ConnectionError):  # the answer may have come before all was sent
            sock.sendall(request)
        return _answers(sock, _Expected(request), timeout)


def _connected(server, timeout: float) -> socket.socket:
    """A connection on which one can speak HTTP: as a Server makes it, or to a Tap's port, in TLS if its url says so."""
    if not (hasattr(server, "connect") or hasattr(server, "port")):
        kind = type(server).__name__
        raise BenchError(
            f"{kind} is neither a server nor a tap: say(web, …).",
            f"{kind} 객체는 서버도 도청기도 아닙니다: say(web, …)",
        )
    if connect := getattr(server, "connect", None):
        if not getattr(server, "running", True):
            raise server.gone()
        return connect(timeout)
    sock = socket.create_connection((HOST, server.port), timeout)
    if not getattr(server, "url", "").startswith("https:"):
        return sock
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    try:
        return context.wrap_socket(sock, server_hostname="localhost")
    except BaseException:
        sock.close()
        raise


def _answers(sock: socket.socket, expected: "_Expected", timeout: float) -> bytes:
    """What comes until nothing more is expected."""
    came: list[bytes] = []
    while not expected.over:
        sock.settimeout(min(GRACE, timeout) if expected.closing else timeout)
        try:
            data = sock.recv(65536)
        except TimeoutError:
            if expected.closing:
                break
            raise _silent(b"".join(came), timeout) from None
        except ConnectionResetError:
            if not came:
                raise _reset() from None
            break
        if not data:
            break
        came.append(data)
        expected.receive(data)
    return b"".join(came)


class _Expected:
    """The answers that are expected to what was sent, as h11 reads them while they come.

    `over` says that all are complete; `closing` that the last is, and that the server will close the connection
    (RFC 9112 section 9.6).
    """

    def __init__(self, sent: bytes) -> None:
        self.over = self.closing = False
        self._requests = iter(requests(sent))
        # None: nothing but the end of the connection tells when an answer is complete.
        self._parser = next((parser_for(request) for request in self._requests), None)

    def receive(self, data: bytes) -> None:
        """Takes what has come."""
        while data and self._parser:
            self._parser.receive_data(data)
            data = self._read(self._parser)

    def _read(self, parser: h11.Connection) -> bytes:
        """Reads one answer as far as it came; the bytes behind it."""
        event = None
        try:
            while event not in (h11.NEED_DATA, h11.PAUSED) and not isinstance(event, h11.EndOfMessage):
                event = parser.next_event()
        except h11.RemoteProtocolError:
            self._parser = None
            return b""
        if event is h11.NEED_DATA:
            return b""
        self.closing = parser.their_state is h11.MUST_CLOSE
        switched = event is h11.PAUSED  # what comes now is not HTTP
        remaining = () if switched or self.closing else self._requests
        self._parser = next((parser_for(request) for request in remaining), None)
        self.over = self._parser is None and not self.closing
        return parser.trailing_data[0]


def _silent(came: bytes, timeout: float) -> BenchError:
    if came:
        en = f"The answer is not complete, and the server has been silent for {timeout:g} s. What came:"
        ko = f"응답이 끝나지 않았는데 서버가 {timeout:g}초 동안 아무것도 보내지 않았습니다. 지금까지 온 바이트:"
        return BenchError(en, ko, "\n".join(visible(line) for line in came.splitlines(keepends=True)[:20]))
    return BenchError(
        f"The server has not answered for {timeout:g} s. Is the request complete: its empty line, and as long a body"
        " as its Content-Length says?",
        f"서버가 {timeout:g}초 동안 응답하지 않았습니다. 요청에 빈 줄이 있는지, 본문의 길이가 Content-Length와 같은지"
        " 확인하세요.",
    )


def _reset() -> BenchError:
    return BenchError(
        "The server reset the connection (RST) and sent no answer.", "서버가 응답을 보내지 않고 연결을 끊었습니다(RST)."
    )
