"""A WebSocket client that does nothing unasked: what it sends are the bytes that it is given, whole or broken."""

import socket
from collections.abc import Iterator, Mapping

import h11
from websockets.frames import Frame, Opcode, apply_mask
from websockets.streams import StreamReader

from .errors import BenchError
from .loopback import HOST

PATIENCE = 60.0  # seconds of silence; who says nothing for so long has gone wrong
MASK = b"mask"  # of every frame; RFC 6455 section 5.3 wants a new one each time, which no server can tell
KEY = "MDEyMzQ1Njc4OWFiY2RlZg=="  # of sixteen bytes, as good as any other (RFC 6455 section 4.1)
HANDSHAKE = {
    "Host": "bench",
    "Upgrade": "websocket",
    "Connection": "Upgrade",
    "Sec-WebSocket-Key": KEY,
    "Sec-WebSocket-Version": "13",
}


def frame(opcode: int, data: bytes = b"", *, fin: bool = True, rsv: int = 0, masked: bool = True) -> bytes:
    """One frame, right or wrong (RFC 6455 section 5.2); `rsv` are its three reserved bits as a number."""
    length = len(data)
    extended = b"" if length < 126 else length.to_bytes(2 if length < 1 << 16 else 8, "big")
    second = {0: length, 2: 126, 8: 127}[len(extended)] | masked << 7
    payload = MASK + apply_mask(data, MASK) if masked else data
    return bytes([fin << 7 | rsv << 4 | opcode, second]) + extended + payload


def close(code: int, reason: bytes = b"") -> bytes:
    """A Close frame (RFC 6455 section 5.5.1)."""
    return frame(Opcode.CLOSE, code.to_bytes(2, "big") + reason)


class Peer:
    """A client that has shaken hands with a server, or with the server behind a tap, and then only holds the line.

    It answers no Ping and no Close, and reads nothing before it is asked for its `frames()`: what is sent to it piles
    up on the way. `sent` are the headers of its handshake, HANDSHAKE changed by `headers`, in which None takes one
    away; `response` is the answer, as h11 reads it. Raises BenchError after a minute of silence, and where the server
    hangs up on the handshake.
    """

    def __init__(
        self,
        server,
        path: str = "/",
        headers: Mapping[str, str | None] | None = None,
        method: str = "GET",
        version: str = "HTTP/1.1",
    ) -> None:
        self._socket = socket.create_connection((HOST, server.port), PATIENCE)
        self.sent = {name: value for name, value in (HANDSHAKE | dict(headers or {})).items() if value is not None}
        lines = [f"{name}: {value}\r\n" for name, value in self.sent.items()]
        try:
            self.send(f"{method} {path} {version}\r\n{''.join(lines)}\r\n".encode())
            self.response = _read(self._head())
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> "Peer":
        return self

    def __exit__(self, *_) -> None:
        self.close()

    def close(self) -> None:
        """Ends the connection, without a Close."""
        self._socket.close()

    def header(self, name: str) -> str | None:
        """The value of a header of the response; None if it has no such header."""
        wanted = name.lower().encode()
        return next((value.decode("latin-1") for key, value in self.response.headers if key == wanted), None)

    def send(self, data: bytes) -> None:
        """Sends the bytes as they stand."""
        self._socket.sendall(data)

    def say(self, text: str) -> None:
        """Sends a text message."""
        self.send(frame(Opcode.TEXT, text.encode()))

    def frames(self) -> Iterator[Frame]:
        """The frames that come, until the connection ends.

        Raises BenchError after a minute of silence, and ProtocolError of websockets where the server breaks the rules.
        """
        reader = StreamReader()
        while True:
            reading = Frame.parse(reader.read_exact, mask=False)
            while (found := _step(reading)) is None:
                if not (data := self._receive(65536)):
                    return
                reader.feed_data(data)
            yield found

    def _head(self) -> bytes:
        """The head of the response, and no byte behind it."""
        head = bytearray()
        while not head.endswith(b"\r\n\r\n"):
            if not (byte := self._receive(1)):
                raise BenchError(
                    "The server hung up, and the handshake has no answer.",
                    "서버가 핸드셰이크에 응답하지 않고 연결을 끊었습니다.",
                )
            head += byte
        return bytes(head)

    def _receive(self, most: int) -> bytes:
        """What comes; nothing at the end of the connection, however it ends."""
        try:
            return self._socket.recv(most)
        except ConnectionError:
            return b""
        except TimeoutError:
            raise BenchError(
                f"The server has said nothing for {PATIENCE:g} s.",
                f"서버가 {PATIENCE:g}초 동안 아무것도 보내지 않았습니다.",
            ) from None


def _read(head: bytes) -> h11.Response | h11.InformationalResponse:
    parser = h11.Connection(h11.CLIENT)
    upgrade = [("Host", "-"), ("Upgrade", "websocket"), ("Connection", "Upgrade")]
    parser.send(h11.Request(method="GET", target="/", headers=upgrade))
    parser.receive_data(head)
    return parser.next_event()


def _step(reading) -> Frame | None:
    """The frame, once all of it has come."""
    try:
        next(reading)
    except StopIteration as done:
        return done.value
    return None
