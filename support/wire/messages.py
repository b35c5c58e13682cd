"""From bytes to messages: what the bytes of a connection say, each message beside its own bytes.

How the parts play together. `decode` makes two Streams (stream.py), one of each direction, and chooses who reads them.
Each reader knows one protocol: http1.py with heads.py and bodies.py (by h11), websocket.py (by websockets), http2.py
(by hyperframe and hpack), tls.py and resp.py, whose framing is a few bytes. A reader looks at the bytes that stand next
and takes them, which makes a Message of them; what no reader knows is taken as it is, and nothing is skipped: the
messages of a direction, joined, are the bytes that crossed. One direction is enough for every reader but http1, where
the answer decides what the bytes after a request are; it returns when both directions speak something else from here
on, and another reader goes on.

Reading never looks back and never copies what is left, so that it takes time in proportion to the bytes. How a message
looks is not known here, but in wire.py.
"""

from itertools import groupby

from . import heads, http1, http2, resp, tls, websocket
from .stream import CUT, Message, Part, Span, Stream, short

__all__ = ["CUT", "Message", "Part", "Span", "decode"]

JOINED = ("bytes", tls.ENCRYPTED)  # of these, several with nothing between them are one


def decode(numbered) -> list[Message]:
    """The messages of one connection, in the order in which their first bytes came.

    `numbered` are (place, piece) of that connection; the cell's notes may be among them.
    """
    connection = next(piece.connection for _, piece in numbered if piece.way)
    ends = _ends(numbered, connection)
    client, server = (Stream(way, _parts(numbered, way), connection, _end_of(way, ends)) for way in "→←")
    _read(client, server)
    messages = [*client.messages, *server.messages, *ends]
    return _join(sorted(messages, key=lambda message: message.place))


def _parts(numbered, way: str) -> list[Part]:
    """The bytes of one direction, by the pieces that brought them."""
    return [Part(place, piece.when, piece.data) for place, piece in numbered if piece.way == way and piece.data]


def _read(client: Stream, server: Stream) -> None:
    """Reads both directions to their end."""
    for stream in (client, server):
        if tls.begins(stream):
            tls.read(stream)
    if http2.begins(client):
        http2.read(client)
        if not heads.begins(server):  # a server that knows no HTTP/2 answers in its own words
            http2.read(server)
    if resp.begins(client):
        resp.read(client, "command")
        resp.read(server, "reply")
    elif heads.begins(client) or heads.begins(server):
        _go_on(client, server, http1.read(client, server))
    client.take_unread()
    server.take_unread()


def _go_on(client: Stream, server: Stream, switch: http1.Switch | None) -> None:
    """Reads what comes after HTTP/1.1, if it was left."""
    if switch is None:
        return
    for stream in (client, server):
        if switch.protocol == "websocket":
            websocket.read(stream, masked=stream is client, deflated=switch.deflated)
        elif switch.protocol == "h2c":
            http2.read(stream)
        elif tls.begins(stream):
            tls.read(stream)


def _ends(numbered, connection: int) -> list[Message]:
    """How the connection ended.

    Of two FINs either may have been the first, by a moment, and the next run may show the other: who ended it is known
    only if the other side still sent, or if the cell noted something, between them. A RST is always its sender's.
    """
    spots = [(spot, place, piece) for spot, (place, piece) in enumerate(numbered) if piece.kind in ("FIN", "RST")]
    ends = [Message(p.way, p.kind, "", b"", place, p.when, connection) for _, place, p in spots]
    if len(spots) == 2 and ends[0].name == ends[1].name and spots[1][0] == spots[0][0] + 1:
        return [Message("⇄", ends[0].name, "", b"", ends[0].place, ends[0].when, connection)]
    return ends


def _end_of(way: str, ends: list[Message]) -> tuple[int, int] | None:
    """The place and the time of the end of one direction: its own, or a RST, which ends both."""
    mine = [end for end in ends if end.way in (way, "⇄") or end.name == "RST"]
    return (mine[0].place, mine[0].when) if mine else None


def _join(messages: list[Message]) -> list[Message]:
    """The same, with the stretches of one kind and one direction as one, where nothing stands between them."""
    joined = []
    for key, group in groupby(messages, lambda m: (m.way, m.name) if m.name in JOINED and not m.note else id(m)):
        several = list(group)
        joined.append(several[0] if isinstance(key, int) or len(several) == 1 else _one(several))
    return joined


def _one(several: list[Message]) -> Message:
    """Several messages as one."""
    first, raw = several[0], b"".join(message.raw for message in several)
    summary = tls.records(several) if first.name == tls.ENCRYPTED else short(raw)
    parts = tuple(part for message in several for part in message.parts)
    shape = tuple(span for message in several for span in message.shape)
    if first.name == "bytes":
        shape = (("data", len(raw)),)
    return Message(
        first.way, first.name, summary, raw, first.place, first.when, first.connection, parts, shape, first.exchange
    )
