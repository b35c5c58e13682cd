"""A client that waits as long as anybody has something to do: what has not come when all is at rest does not come."""

import contextlib
import socket
from collections.abc import Iterator
from dataclasses import dataclass, field

from websockets.client import ClientProtocol
from websockets.frames import Frame, Opcode
from websockets.http11 import Response
from websockets.protocol import State
from websockets.uri import parse_uri

from ...loopback import HOST
from ...wire.tap import Tap
from ..asleep import PATIENCE, listening
from ..drive import Answer

CLOSE = "Connection: close"


@contextlib.contextmanager
def opened(tap: Tap, first: bytes) -> Iterator[socket.socket]:
    """A connection to the tap on which the bytes have been sent."""
    with socket.create_connection((HOST, tap.port), PATIENCE) as client:
        client.sendall(first)
        yield client


def pieces(tap: Tap, client: socket.socket) -> Iterator[bytes]:
    """What comes, read by read; last b"" where the other side has ended the connection, nothing where it is silent."""
    for seconds in listening(tap):
        client.settimeout(seconds)
        with contextlib.suppress(TimeoutError):
            while piece := _received(client):
                yield piece
            yield b""
            return


def _received(client: socket.socket) -> bytes:
    """What has come; nothing at the connection's end, whichever it is. Raises TimeoutError."""
    try:
        return client.recv(65536)
    except ConnectionError:
        return b""


def head(first: str, *lines: str) -> bytes:
    """A request's head: its first line, the lines that follow, and the empty one."""
    return "\r\n".join([first, *lines, "", ""]).encode()


def get(path: str) -> bytes:
    """A request for the path, after whose answer the server is to close."""
    return head(f"GET {path} HTTP/1.1", "Host: bench", CLOSE)


def answer(tap: Tap, client: socket.socket) -> Answer:
    """The answer that comes on the connection, as far as it comes."""
    came = Answer(b"", ended=False)
    for piece in pieces(tap, client):
        came = Answer(came.raw + piece, ended=not piece)
        if came.whole:
            break
    return came


def ask(tap: Tap, request: bytes) -> Answer:
    """The answer to a request as it stands."""
    with opened(tap, request) as client:
        return answer(tap, client)


@dataclass
class Talk:
    """A WebSocket as its client saw it: the handshake's status code (0 without an answer), what came, and its end.

    `ending` is "Close 1000" with a reason behind it, "no Close" where only the connection ended, or "open".
    """

    status: int = 0
    heard: list[str | bytes] = field(default_factory=list)
    ending: str = "open"


def talk(tap: Tap, path: str, *messages: str | bytes) -> Talk:
    """Shakes hands, says all messages, and listens to the end."""
    protocol, seen = ClientProtocol(parse_uri(tap.ws_url + path)), Talk()
    protocol.send_request(protocol.connect())
    with opened(tap, b"".join(protocol.data_to_send())) as client:
        for piece in pieces(tap, client):
            protocol.receive_data(piece) if piece else protocol.receive_eof()
            for event in protocol.events_received():
                _take(event, protocol, seen, messages)
            with contextlib.suppress(OSError):  # it may have hung up
                client.sendall(b"".join(protocol.data_to_send()))
            if protocol.close_rcvd or not piece:
                seen.ending = _ending(protocol)
                break
            if seen.status not in (0, 101):
                break
    return seen


def _take(event: Response | Frame, protocol: ClientProtocol, seen: Talk, messages: tuple) -> None:
    """Notes what came; once the WebSocket is open, all messages are said."""
    if isinstance(event, Response):
        seen.status = event.status_code
        # A Close may have come with the 101: then nothing more may be sent.
        for message in messages if protocol.state is State.OPEN else ():
            _say(protocol, message)
    elif event.opcode is Opcode.TEXT:
        seen.heard.append(bytes(event.data).decode(errors="replace"))
    elif event.opcode is Opcode.BINARY:
        seen.heard.append(bytes(event.data))


def _say(protocol: ClientProtocol, message: str | bytes) -> None:
    if isinstance(message, str):
        protocol.send_text(message.encode())
    else:
        protocol.send_binary(message)


def _ending(protocol: ClientProtocol) -> str:
    """How it ended: by the Close that came, or without one."""
    closed = protocol.close_rcvd
    return f"Close {int(closed.code)} {closed.reason}".rstrip() if closed else "no Close"
