"""Thirty cases of RFC 6455 and ASGI for `grid`: what a server makes of a handshake, and of frames, whole and broken.

The server's app has to send back each message as it came, and to accept the first subprotocol that is offered. A server
has nothing more to say to a case once it has sent back the message `end`, which goes behind the case, or has closed: no
clock decides.

Of a fault a server is free to end the connection with a Close frame or without one: the frame is a SHOULD (section
7.1.7), as is its code. So both are right, and the answer says which it was.
"""

from collections.abc import Callable, Mapping

from websockets.frames import Frame, Opcode
from websockets.utils import accept_key

from .grids import Case
from .peers import Peer, close, frame

END = "end"  # the text that goes behind a case
HAN = "한".encode()  # three bytes
CUT_OFF = "cut off"  # the end of the connection, without a Close


def handshake(headers: Mapping[str, str | None] | None = None, **request: str) -> Callable[..., str]:
    """Shakes hands with these headers changed; the status, and what else is worth telling."""

    def answer(server) -> str:
        with Peer(server, headers=headers, **request) as peer:
            return _status(peer)

    return answer


def _status(peer: Peer) -> str:
    said = str(peer.response.status_code)
    if said != "101":
        versions = (peer.header("Sec-WebSocket-Version") or "").split(",")
        return f"{said}, use 13" if "13" in versions else said
    proof = accept_key(peer.sent.get("Sec-WebSocket-Key") or "")
    agreed = [peer.header(name) for name in ("Sec-WebSocket-Protocol", "Sec-WebSocket-Extensions")]
    wrong = [] if peer.header("Sec-WebSocket-Accept") == proof else ["wrong proof"]
    return ", ".join([said, *filter(None, agreed), *wrong])


def frames(*sent: bytes, last: str = END) -> Callable[..., str]:
    """Sends the frames, and the text `last` behind them; what comes before that comes back, or the connection ends.

    Where the handshake before that is refused, the answer is its status.
    """

    def answer(server) -> str:
        with Peer(server) as peer:
            if peer.response.status_code != 101:
                return _status(peer)
            peer.send(b"".join(sent) + (frame(Opcode.TEXT, last.encode()) if last else b""))
            return ", ".join(_heard(peer, last)) or "nothing"

    return answer


def _heard(peer: Peer, last: str) -> list[str]:
    heard = []
    for came in peer.frames():
        if last and came.opcode is Opcode.TEXT and bytes(came.data) == last.encode():
            return heard
        heard.append(_told(came))
    closed = any(word.startswith("Close") for word in heard)
    return heard if closed else [*heard, CUT_OFF]


def _told(came: Frame) -> str:
    data, text = bytes(came.data), bytes(came.data).decode(errors="replace")
    if came.opcode is Opcode.CLOSE:
        return f"Close {int.from_bytes(data[:2], 'big')}" if data else "Close"
    if came.opcode is Opcode.TEXT:
        return f"'{text}'"
    if came.opcode is Opcode.PONG:
        return f"Pong '{text}'"
    return f"{len(data):,} bytes"


def closing(*sent: bytes) -> Callable[..., str]:
    """Sends frames of which the last is a Close; what comes until the connection ends."""
    return frames(*sent, last="")


TEXT, CONT, PING, PONG = Opcode.TEXT, Opcode.CONT, Opcode.PING, Opcode.PONG
ERROR = ("Close 1002", CUT_OFF)  # a protocol error
REFUSED = ("400", "405", "505", "200")  # no WebSocket: an error, or a page for who has not asked properly

HANDSHAKES = [
    Case("as it should be", handshake(), right="101", clause="RFC 6455 §4.2.2"),
    Case("Connection: keep-alive, Upgrade", handshake({"Connection": "keep-alive, Upgrade"}), right="101",
         clause="RFC 6455 §4.2.1"),
    Case("two subprotocols", handshake({"Sec-WebSocket-Protocol": "tea, coffee"}), right="101, tea",
         clause="RFC 6455 §4.2.2"),
    Case("an extension nobody knows", handshake({"Sec-WebSocket-Extensions": "x-tea"}), right="101",
         clause="RFC 6455 §4.2.2"),
    Case("version 12", handshake({"Sec-WebSocket-Version": "12"}), right=("426, use 13", "400, use 13"),
         clause="RFC 6455 §4.2.2"),
    Case("the key is abc", handshake({"Sec-WebSocket-Key": "abc"}), right=("400", "101"), clause="RFC 6455 §4.2.2"),
    Case("no Host", handshake({"Host": None}), right="400", clause="RFC 6455 §4.2.1"),
    Case("HTTP/1.0", handshake(version="HTTP/1.0"), right=REFUSED, clause="RFC 6455 §4.2.1"),
    Case("POST", handshake(method="POST"), right=REFUSED, clause="RFC 6455 §4.2.1"),
]  # fmt: skip
MESSAGES = [
    Case("an empty text", frames(frame(TEXT)), right="''", clause="ASGI www#send-send-event"),
    Case("65,536 bytes", frames(frame(Opcode.BINARY, bytes(1 << 16))), right="65,536 bytes", clause="RFC 6455 §5.2"),
    Case("a text in three frames",
         frames(frame(TEXT, b"one ", fin=False), frame(CONT, b"two ", fin=False), frame(CONT, b"three")),
         right="'one two three'", clause="RFC 6455 §5.4"),
    Case("한 cut in two", frames(frame(TEXT, HAN[:1], fin=False), frame(CONT, HAN[1:])), right="'한'",
         clause="RFC 6455 §5.6"),
    Case("a Ping", frames(frame(PING, b"tea")), right="Pong 'tea'", clause="RFC 6455 §5.5.2"),
    Case("a Ping between two frames of a text",
         frames(frame(TEXT, b"one ", fin=False), frame(PING, b"tea"), frame(CONT, b"two")),
         right="Pong 'tea', 'one two'", clause="RFC 6455 §5.4"),
    Case("an unsolicited Pong", frames(frame(PONG, b"tea")), right="nothing", clause="RFC 6455 §5.5.3"),
]  # fmt: skip
FAULTS = [
    Case("not masked", frames(frame(TEXT, b"one", masked=False)), right=ERROR, clause="RFC 6455 §5.1"),
    Case("a reserved bit", frames(frame(TEXT, b"one", rsv=4)), right=ERROR, clause="RFC 6455 §5.2"),
    Case("opcode 3", frames(frame(3, b"one")), right=ERROR, clause="RFC 6455 §5.2"),
    Case("one byte, its length in two", frames(b"\x81\xfe\0\1" + frame(TEXT, b"a")[2:]), right=(*ERROR, "'a'"),
         clause="RFC 6455 §5.2"),
    Case("a continuation of nothing", frames(frame(CONT, b"one")), right=ERROR, clause="RFC 6455 §5.4"),
    Case("a text inside a text", frames(frame(TEXT, b"one", fin=False), frame(TEXT, b"two")), right=ERROR,
         clause="RFC 6455 §5.4"),
    Case("a Ping of 126 bytes", frames(frame(PING, bytes(126))), right=ERROR, clause="RFC 6455 §5.5"),
    Case("a Ping in two frames", frames(frame(PING, b"t", fin=False), frame(CONT, b"ea")), right=ERROR,
         clause="RFC 6455 §5.5"),
    Case("a text that is not UTF-8", frames(frame(TEXT, b"caf\xe9")), right=("Close 1007", CUT_OFF),
         clause="RFC 6455 §8.1"),
]  # fmt: skip
CLOSES = [
    Case("Close 4000", closing(close(4000, b"bye")), right=("Close 4000", "Close 1000"), clause="RFC 6455 §5.5.1"),
    Case("Close without a code", closing(frame(Opcode.CLOSE)), right=("Close", "Close 1000"), clause="RFC 6455 §5.5.1"),
    Case("Close between two frames of a text",
         closing(frame(TEXT, b"one ", fin=False), close(1000), frame(CONT, b"two")),
         right=("Close 1000", "Close 1002"), clause="RFC 6455 §5.5.1"),
    Case("Close 1005", closing(close(1005)), right=(*ERROR, "Close 1000"), clause="RFC 6455 §7.4.1"),
    Case("a Ping after Close", closing(close(1000), frame(PING, b"tea")), right="Close 1000", clause="RFC 6455 §5.5.1"),
]  # fmt: skip
CASES = [*HANDSHAKES, *MESSAGES, *FAULTS, *CLOSES]
