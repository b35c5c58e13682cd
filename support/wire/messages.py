"""From bytes to messages: h11 decodes HTTP/1.1, websockets decodes frames; what is ours is which byte is whose."""

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate

import h11
from websockets.exceptions import ProtocolError
from websockets.extensions.permessage_deflate import PerMessageDeflate
from websockets.frames import Frame
from websockets.streams import StreamReader

from ..show import visible

# How to read an answer that nobody asked for, or whose request nobody could read.
UNREAD = h11.Request(method="GET", target="/", headers=[("Host", "-")])
HEADS = ("Request", "Response", "InformationalResponse", "not HTTP/1.1")  # shown line by line
CUT = "cut short"  # the name of the message that says so, which has no bytes


@dataclass(frozen=True)
class Message:
    """One decoded thing: an HTTP/1.1 head, body piece or end, a WebSocket frame, a FIN, a RST, or raw bytes.

    `name` is h11's or RFC 6455's word for it, `summary` what it says in short, `raw` its bytes, `lines` those
    bytes to look at. `place` and `when` are the number and the time (ns) of the piece with its first byte.
    `parts` are the stretches of `raw` by the pieces that brought them, each with its piece's place and time.
    """

    way: str
    name: str
    summary: str
    raw: bytes
    lines: tuple[str, ...]
    place: int
    when: int
    connection: int
    parts: tuple["Part", ...] = ()


@dataclass(frozen=True)
class Part:
    """A stretch of a message's bytes that came in one piece: the piece's place and time (ns), and the bytes."""

    place: int
    when: int
    raw: bytes


def decode(numbered) -> list[Message]:
    """The messages of one connection, in the order in which their first bytes came."""
    client, server = _Stream(numbered, "→"), _Stream(numbered, "←")
    requests: list[h11.Request] = []
    messages = list(_requests(client, requests))
    messages += _responses(server, requests)
    if server.upgraded:
        # Each direction has a compression context of its own (RFC 7692 section 7.1.1).
        inflates = [PerMessageDeflate(False, False, 15, 15) if server.deflated else None for _ in range(2)]
        messages += [*_frames(client, True, inflates[0]), *_frames(server, False, inflates[1])]
    messages += [*client.rest(), *server.rest()]
    ends = [(i, p) for i, p in numbered if p.kind != "data"]
    at_once = [piece.kind for _, piece in numbered[-2:]] == ["FIN", "FIN"]  # with nothing between them
    for place, piece in ends:
        if at_once:
            messages.append(Message("⇄", piece.kind, "", b"", ("",), place, piece.when, piece.connection))
            break
        messages.append(Message(piece.way, piece.kind, "", b"", ("",), place, piece.when, piece.connection))
    return sorted(messages, key=lambda message: message.place)


class _Stream:
    """The bytes of one direction, and how far they are understood."""

    def __init__(self, numbered, way: str) -> None:
        mine = [(i, p) for i, p in numbered if p.way == way and p.kind == "data"]
        self.way, self.connection = way, numbered[0][1].connection
        self.data = b"".join(piece.data for _, piece in mine)
        self.ended = any(p.way == way and p.kind != "data" for _, p in numbered)
        self._starts = [0, *accumulate(len(piece.data) for _, piece in mine)][:-1]
        self._places = [(i, p.when) for i, p in mine]
        self._end = [(i, p.when) for i, p in numbered if p.way == way and p.kind != "data"][:1]
        self.at = 0
        self.upgraded = False
        self.deflated = False

    @property
    def left(self) -> bytes:
        return self.data[self.at :]

    def message(self, name: str, summary: str, length: int, line: str | None = None) -> Message:
        """The next `length` bytes as a message; they count as understood from here on."""
        raw = self.data[self.at : self.at + length]
        lines = (visible(raw),) if line is None else (line,)
        if name in HEADS:
            lines = tuple(visible(each, 200) for each in raw.splitlines(keepends=True))
        places = self._places if length else self._end or self._places  # what is cut short was cut by the end
        place, when = places[max(0, min(len(places), bisect_right(self._starts, self.at)) - 1)]
        parts = self._parts(self.at, self.at + length)
        self.at += length
        return Message(self.way, name, summary, raw, lines, place, when, self.connection, parts)

    def _parts(self, start: int, end: int) -> tuple[Part, ...]:
        """The bytes from start to end, piece by piece."""
        stops = [*self._starts[1:], len(self.data)]
        spots = zip(self._places, self._starts, stops, strict=True)
        return tuple(
            Part(place, when, self.data[max(start, begin) : min(end, stop)])
            for (place, when), begin, stop in spots
            if begin < end and stop > start
        )

    def rest(self) -> Iterator[Message]:
        """What nothing could decode, if there is any, as one message."""
        if self.left:
            yield self.message("bytes", visible(self.left), len(self.left))


def _http(stream: _Stream, parser: h11.Connection) -> Iterator[tuple[h11.Event, Message]]:
    """The h11 events of one HTTP/1.1 message, each with its own bytes."""
    parser.receive_data(stream.left)
    if stream.ended:
        parser.receive_data(b"")
    begun = False
    while True:
        try:
            event = parser.next_event()
        except h11.RemoteProtocolError as error:
            if stream.left:
                yield error, stream.message("not HTTP/1.1", str(error), len(stream.left))
            elif begun:
                yield error, stream.message(CUT, str(error), 0, str(error))
            return
        if event in (h11.NEED_DATA, h11.PAUSED) or isinstance(event, h11.ConnectionClosed):
            return
        length = len(stream.left) - len(parser.trailing_data[0])
        if isinstance(event, h11.Data) and event.chunk_end and stream.left[length : length + 2] == b"\r\n":
            length += 2  # the CRLF that ends a chunk (RFC 9112 section 7.1) belongs to it
        name, begun = type(event).__name__, True
        yield event, stream.message(name, summary(event), length)
        if isinstance(event, h11.EndOfMessage):
            return


def summary(event: h11.Event) -> str:
    """One line about an h11 event."""
    if isinstance(event, h11.Request):
        return f"{event.method.decode()} {event.target.decode('latin-1')}"
    if isinstance(event, h11.Response | h11.InformationalResponse):
        return f"{event.status_code} {event.reason.decode('latin-1')}".rstrip()
    return visible(bytes(event.data), 40) if isinstance(event, h11.Data) else ""


def _requests(stream: _Stream, requests: list) -> Iterator[Message]:
    """The messages of the client's requests, one after the other; the requests go into the list."""
    while stream.left:
        before, upgrade = stream.at, False
        for event, message in _http(stream, h11.Connection(h11.SERVER, max_incomplete_event_size=1 << 20)):
            if isinstance(event, h11.Request):
                requests.append(event)
                upgrade = any(name == b"upgrade" for name, _ in event.headers)
            if message.raw or message.name == CUT:
                yield message
        if stream.at == before or upgrade:
            return


def _responses(stream: _Stream, requests: list) -> Iterator[Message]:
    """The messages of the server's responses; after a 101 the rest of the stream is WebSocket frames."""
    for request in [*requests, UNREAD]:
        unasked = request is UNREAD and bool(requests)
        if not stream.left or (unasked and not stream.left.startswith(b"HTTP/")):
            return  # the rest is more than Content-Length said
        parser = h11.Connection(h11.CLIENT, max_incomplete_event_size=1 << 20)
        # All that the answer depends on; h11 sends nothing without a Host, but HTTP/1.0 needs none.
        upgrade = [pair for pair in request.headers if pair[0] == b"upgrade"]
        parser.send(h11.Request(method=request.method, target=request.target, headers=[("Host", "-"), *upgrade]))
        parser.send(h11.EndOfMessage())
        for event, message in _http(stream, parser):
            if message.raw or message.name == CUT:
                yield message
            if isinstance(event, h11.InformationalResponse) and event.status_code == 101:
                stream.upgraded = True
                extensions = [v for name, v in event.headers if name == b"sec-websocket-extensions"]
                stream.deflated = any(b"permessage-deflate" in value for value in extensions)
                return


def _frames(stream: _Stream, masked: bool, inflate: PerMessageDeflate | None) -> Iterator[Message]:
    """The WebSocket frames (RFC 6455 section 5.2) of one direction; only the random mask is not shown."""
    while stream.left:
        reader = StreamReader()
        reader.feed_data(stream.left)
        parser = Frame.parse(reader.read_exact, mask=masked, extensions=[inflate] if inflate else [])
        try:
            next(parser)
            return  # the frame is not complete
        except StopIteration as done:
            frame = done.value
        except ProtocolError as error:
            yield stream.message("not a frame", str(error), len(stream.left))
            return
        first, second = stream.left[:2]
        header = stream.left[: {126: 4, 127: 10}.get(second & 0x7F, 2)].hex(" ")  # the length takes 1, 3 or 9 bytes
        summary = _payload(frame) + ("" if frame.fin else "  (FIN bit 0: more follows)")
        compressed = "deflated " if first & 0x40 else ""  # RSV1, RFC 7692 section 6
        line = f"{header}{' [mask]' if masked else ''}  {compressed}{summary}".rstrip()
        yield stream.message(frame.opcode.name, summary, len(stream.left) - len(reader.buffer), line)


def _payload(frame: Frame) -> str:
    """A frame's payload: text as text, a Close as its code and reason, else the bytes."""
    data = bytes(frame.data)
    if frame.opcode.name == "CLOSE" and len(data) >= 2:
        return f"{int.from_bytes(data[:2], 'big')} {data[2:].decode(errors='replace')}".rstrip()
    if frame.opcode.name == "TEXT":
        text = data.decode(errors="replace")
        return repr(text if len(text) <= 60 else f"{text[:60]}…")
    return visible(data, 60) if data else ""
