"""What the tests of the wire share: the moves of a conversation, as the pieces that a tap keeps of them."""

import itertools
import random

from websockets.extensions.permessage_deflate import PerMessageDeflate
from websockets.frames import Frame, Opcode

from support.wire.tap import Piece

GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n"
UPGRADE = b"GET /chat HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
SWITCH = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
OPEN = [("→", UPGRADE), ("←", SWITCH + b"\r\n")]
DEFLATE = [("→", UPGRADE), ("←", SWITCH + b"Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n")]
MASK = {"mask": True}


def frame(opcode: Opcode, data: bytes = b"", fin: bool = True, mask: bool = False, extensions=()) -> bytes:
    """The bytes of one frame."""
    return Frame(opcode, data, fin).serialize(mask=mask, extensions=list(extensions))


def deflated(*messages: bytes, mask: bool) -> list[bytes]:
    """The frames of one side that compresses, each with the context of those before (RFC 7692)."""
    context = PerMessageDeflate(False, False, 15, 15)
    return [frame(Opcode.TEXT, message, mask=mask, extensions=[context]) for message in messages]


def record(kind: int, body: bytes) -> bytes:
    """The bytes of one TLS record."""
    return bytes([kind, 3, 3]) + len(body).to_bytes(2, "big") + body


def whole(data: bytes) -> list[bytes]:
    """A way to cut bytes: not at all."""
    return [data]


def singly(data: bytes) -> list[bytes]:
    """A way to cut bytes: between any two."""
    return [bytes([each]) for each in data]


def at_random(seed: int):
    """A way to cut bytes: at random places."""
    chance = random.Random(seed)

    def cut(data):
        places = sorted({0, len(data), *chance.choices(range(len(data) + 1), k=chance.randint(0, 9))})
        return [data[a:b] for a, b in itertools.pairwise(places)]

    return cut


def pieces(*moves, cut=whole) -> list[Piece]:
    """What a tap keeps of the moves: (way, bytes), (way, "FIN" or "RST"), or ("", what the cell notes)."""
    kept = []
    for way, what in moves:
        for part in cut(what) if isinstance(what, bytes) else [what]:
            when = len(kept) * 10**9
            if not way:
                kept.append(Piece(when, 0, way, "note", part.encode()))
            elif isinstance(part, bytes):
                kept.append(Piece(when, 1, way, "data", part))
            else:
                kept.append(Piece(when, 1, way, part))
    return kept


def said(moves, way: str) -> bytes:
    """All bytes of one way."""
    return b"".join(what for to, what in moves if to == way and isinstance(what, bytes))


def story(messages) -> list[str]:
    """Each message as `way name summary (note)`."""
    return [" ".join(filter(None, [m.way, m.name, m.summary, f"({m.note})" if m.note else ""])) for m in messages]
