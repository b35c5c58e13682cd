"""What crossed the taps: connections, the exchanges on them, and their texts, which are told in stretches.

    Crossings    all taps of a drawing, and the notes of the cell
    Connection   one connection at one tap, with the texts of each direction in order
    Exchange     a request and its answer; after a 101, the frames too
    Text         what is told as one: a head, a body however it was cut, a frame, an end
    Stretch      a part of a text between two places where something else may stand; it begins and it ends

A text is cut where the tap kept something between two of its pieces (the other direction, a note), and where somebody
counts its bytes (`Text.cuts`). Which of these cuts are drawn is decided later (rows.py): most are not.
"""

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from itertools import groupby

from ..wire.messages import CUT, Message
from ..wire.stream import short
from ..wire.tap import Tap
from .moments import Moments

FRAMES = ("CONT", "TEXT", "BINARY", "CLOSE", "PING", "PONG")  # RFC 6455 section 11.8
BODY = ("upload", "download")
ANSWER = ("answer", "download", "last chunk")  # what of an answer may overtake the request's body
SHOWN = 40  # bytes of a body that a label shows


@dataclass
class Segment:
    """What came of a text while nothing else was kept, by piece: the place and the time at the tap, and the payload.

    `key` numbers what was kept in between: the cell's notes, and the turns of the two directions.
    """

    key: tuple[int, int]
    pieces: list[tuple[int, int, bytes]]

    @property
    def place(self) -> int:
        return self.pieces[0][0]

    @property
    def last_place(self) -> int:
        return self.pieces[-1][0]

    @property
    def size(self) -> int:
        """The bytes of its payload."""
        return sum(len(data) for _, _, data in self.pieces)


@dataclass(eq=False, repr=False)
class Stretch:
    """The bytes of a text from `start` to `stop` (counted in payload); `begin` and `end` are moments."""

    text: "Text"
    start: int
    stop: int
    segment: Segment
    data: list[bytes]
    begin: int = -1
    end: int = -1


@dataclass(eq=False, repr=False)
class Text:
    """A head, a body, a frame, an end. `role` says what it is in its exchange."""

    connection: "Connection"
    way: str
    role: str
    name: str
    summary: str
    exchange: "Exchange | None"
    segments: list[Segment] = field(default_factory=list)
    cuts: set[int] = field(default_factory=set)
    stretches: list[Stretch] = field(default_factory=list)

    @property
    def size(self) -> int:
        """The bytes of its payload."""
        return sum(segment.size for segment in self.segments)

    @property
    def when(self) -> int:
        """The time at which the tap kept its first byte."""
        return self.segments[0].pieces[0][1]

    @property
    def last_when(self) -> int:
        """The time at which the tap kept its last byte."""
        return self.segments[-1].pieces[-1][1]

    @property
    def begin(self) -> int:
        return self.stretches[0].begin

    @property
    def end(self) -> int:
        return self.stretches[-1].end

    def begin_of(self, byte: int) -> int:
        """The moment at which that byte crosses."""
        return self.stretches[bisect_left(self.stretches, byte, key=lambda stretch: stretch.start)].begin

    def end_of(self, count: int) -> int:
        """The moment at which so many bytes have crossed."""
        return self.stretches[bisect_left(self.stretches, count, key=lambda stretch: stretch.stop)].end

    def kept(self) -> Iterator[tuple[int, int]]:
        """How many bytes the tap had kept, piece by piece, and at what time."""
        total = 0
        for segment in self.segments:
            for _, when, data in segment.pieces:
                total += len(data)
                yield total, when

    def stretch(self, moments: Moments) -> None:
        """Makes the stretches, with their moments."""
        at = 0
        for segment in self.segments:
            for data in _split([data for _, _, data in segment.pieces], [cut - at for cut in sorted(self.cuts)]):
                size = sum(map(len, data))
                begin = moments.new()
                end = moments.new() if size > 1 else begin  # one byte is a moment
                moments.before(begin, end)
                self.stretches.append(Stretch(self, at, at + size, segment, data, begin, end))
                at += size


def _split(data: list[bytes], cuts: list[int]) -> Iterator[list[bytes]]:
    """The pieces of bytes, cut at those counts from their beginning."""
    current, at = [], 0
    wanted = iter([cut for cut in cuts if cut > 0])
    cut = next(wanted, None)
    for piece in data:
        begun = 0
        while cut is not None and cut < at + len(piece):
            yield [*current, piece[begun : cut - at]]
            current, begun = [], cut - at
            cut = next(wanted, None)
        current.append(piece[begun:])
        at += len(piece)
        if cut == at:
            yield current
            current, cut = [], next(wanted, None)
    if current:
        yield current


@dataclass(eq=False, repr=False)
class Exchange:
    """A request and its answer on one connection."""

    connection: "Connection"
    number: int
    texts: dict[str, Text] = field(default_factory=dict)
    interim: list[Text] = field(default_factory=list)  # 100 Continue and the like
    frames: dict[str, list[Text]] = field(default_factory=lambda: {"→": [], "←": []})
    method: bytes = b""
    target: bytes = b""
    status: str = ""
    encoding: str = ""  # of the answer's body
    over: bool = False  # its answer is complete

    @property
    def line(self) -> tuple[bytes, bytes]:
        """The request line, without the version."""
        return self.method, self.target

    @property
    def began(self) -> int:
        """The time at which its request began to cross."""
        return self.texts["request"].when

    @property
    def last(self) -> Text:
        """The last text of the answer."""
        return [self.texts[role] for role in ANSWER if role in self.texts][-1]

    @cached_property
    def talks(self) -> bool:
        """Whether the tap saw the two sides take turns inside their bodies, which nothing but a conversation does.

        Some of the request's body came between two pieces of the answer's, or some of the answer came between two
        pieces of the request's and was not all. An answer that was complete there says nothing: a client that
        does not wait goes on sending for a while.
        """
        up, down, last = ([s.place for s in self._segments(role)] for role in (*BODY, "last chunk"))
        if any(_inside(place, down) for place in up):
            return True
        ended = max([*down, *last], default=0)
        return any(_inside(place, up) and ended > min(u for u in up if u > place) for place in down)

    def _segments(self, role: str) -> list[Segment]:
        return self.texts[role].segments if role in self.texts else []


def _inside(place: int, places: list[int]) -> bool:
    return bool(places) and places[0] < place < places[-1]


@dataclass(eq=False, repr=False)
class Connection:
    """One connection at one tap."""

    tap: Tap
    number: int
    port: int | None  # from which it went on to the upstream
    texts: dict[str, list[Text]] = field(default_factory=lambda: {"→": [], "←": [], "⇄": []})
    exchanges: dict[int, Exchange] = field(default_factory=dict)

    @property
    def ends(self) -> list[Text]:
        """How it ended, as far as it has."""
        return [text for texts in self.texts.values() for text in texts if text.role == "end"]


@dataclass(eq=False, repr=False)
class Note:
    """What the cell said that it did."""

    text: str
    when: int
    moment: int


class Crossings:
    """All that crossed some taps of one kernel."""

    def __init__(self, taps: Iterable[Tap]) -> None:
        for tap in (taps := list(taps)):
            tap.settle()  # all of them, before the first is read: what one has kept must not lack its cause at another
        kept = [(tap, tap.messages()) for tap in taps]
        notes = [
            (m.when, m.place, n, m.summary)
            for n, (_, messages) in enumerate(kept)
            for m in messages
            if not m.connection
        ]
        self.notes = [Note(text, when, -1) for when, _, _, text in sorted(notes)]
        self.connections = [
            _connection(tap, number, list(group), self._phases(messages))
            for tap, messages in kept
            for number, group in groupby(
                sorted((m for m in messages if m.way), key=lambda m: m.connection), key=lambda m: m.connection
            )
        ]

    def _phases(self, messages: list[Message]) -> list[float]:
        """For each note of any tap, the place among these messages at which it stands."""
        spots = sorted({(part.place, part.when) for message in messages for part in _parts(message)})
        own = {message.when: message.place for message in messages if not message.way}
        phases: list[float] = []
        for note in self.notes:
            before = [place for place, when in spots if when < note.when]
            place = own.get(note.when, (before[-1] if before else -1) + 0.5)
            phases.append(max([place, *phases[-1:]]))
        return phases

    @property
    def exchanges(self) -> list[Exchange]:
        return [exchange for connection in self.connections for exchange in connection.exchanges.values()]

    @property
    def texts(self) -> list[Text]:
        return [text for c in self.connections for texts in c.texts.values() for text in texts]

    def stretch(self, moments: Moments) -> None:
        """Gives every text its stretches, and every note its moment."""
        for text in self.texts:
            text.stretch(moments)
        for note in self.notes:
            note.moment = moments.new()

    def around(self, connection: Connection) -> Iterator[tuple[Note, Stretch | None, Stretch | None]]:
        """For each note and each direction of a connection, the stretches between which the note stands."""
        for texts in connection.texts.values():
            stretches = [stretch for text in texts for stretch in text.stretches]
            for number, note in enumerate(self.notes):
                split = bisect_left(stretches, number + 1, key=lambda stretch: stretch.segment.key[0])
                yield note, stretches[split - 1] if split else None, next(iter(stretches[split : split + 1]), None)


def _parts(message: Message) -> Iterable:
    """The parts of a message; what has no bytes is its own."""
    return message.parts or (message,)


def _connection(tap: Tap, number: int, messages: list[Message], phases: list[float]) -> Connection:
    """A connection with its texts, from its messages."""
    connection = Connection(tap, number, tap.ports.get(number))
    runs = _runs(messages)
    # That something was cut short is told by the end, which has the same place.
    for message in sorted(messages, key=lambda message: (message.place, message.name == CUT)):
        text = _text(connection, message)
        for place, when, data in _pieces(message):
            key = (bisect_left(phases, place), runs[place])
            if not text.segments or text.segments[-1].key != key:
                text.segments.append(Segment(key, []))
            text.segments[-1].pieces.append((place, when, data))
    for exchange in connection.exchanges.values():
        exchange.over = _is_over(exchange)
    return connection


def _runs(messages: list[Message]) -> dict[int, int]:
    """For each place, the number of the run of one direction to which it belongs."""
    ways = sorted({(part.place, message.way) for message in messages for part in _parts(message)})
    runs, run, last = {}, 0, ""
    for place, way in ways:
        run += way != last
        last = way
        runs[place] = run
    return runs


def _text(connection: Connection, message: Message) -> Text:
    """The text to which the message belongs."""
    exchange = _exchange(connection, message)
    role = _role(message, exchange)
    if role in BODY and role in exchange.texts:
        return exchange.texts[role]
    text = Text(connection, message.way, role, message.name, message.summary, exchange)
    connection.texts[message.way].append(text)
    if exchange and role == "frame":
        exchange.frames[message.way].append(text)
    elif exchange and role == "interim":
        exchange.interim.append(text)
    elif exchange and role not in ("other", "end", "cut"):
        exchange.texts.setdefault(role, text)
    return text


def _exchange(connection: Connection, message: Message) -> Exchange | None:
    """The exchange to which the message belongs, with what its head says; None for what belongs to none."""
    number = message.exchange
    if not number or (
        message.name not in ("Request", "Response", "InformationalResponse", "Data", "EndOfMessage", CUT)
        and number not in connection.exchanges
    ):
        return None
    exchange = connection.exchanges.setdefault(number, Exchange(connection, number))
    if message.name == "Request":
        words = message.raw.lstrip(b"\r\n").partition(b"\n")[0].split()
        exchange.method, exchange.target = (*words, b"", b"")[:2]
    elif message.name == "Response" or message.summary.startswith("101"):
        exchange.status = exchange.status or message.summary[:3]
        exchange.encoding = _field(message.raw, "content-encoding")
    return exchange


def _role(message: Message, exchange: Exchange | None) -> str:
    forth = message.way == "→"
    if message.name in ("FIN", "RST"):
        return "end"
    if message.name == CUT:
        return "cut"
    if exchange is None:
        return "other"
    if message.name == "InformationalResponse":
        return "answer" if message.summary.startswith("101") else "interim"
    if message.name in FRAMES and exchange.status == "101":
        return "frame"
    roles = {
        "Request": "request",
        "Response": "answer",
        "Data": "upload" if forth else "download",
        "EndOfMessage": "last upload chunk" if forth else "last chunk",
    }
    return roles.get(message.name, "other")


def _pieces(message: Message) -> Iterator[tuple[int, int, bytes]]:
    """The payload of a message by the pieces that brought it; of a body, without what is framing."""
    if message.name != "Data":
        yield from ((part.place, part.when, part.raw) for part in message.parts)
    else:
        spans, at = list(_data(message)), 0
        for part in message.parts:
            data = b"".join(part.raw[max(0, start - at) : max(0, stop - at)] for start, stop in spans)
            at += len(part.raw)
            if data:
                yield part.place, part.when, data
    if not any(length for kind, length in message.shape if kind == "data" or message.name != "Data"):
        yield message.place, message.when, b""


def _data(message: Message) -> Iterator[tuple[int, int]]:
    """Where in the bytes of a message its data stands."""
    at = 0
    for kind, length in message.shape:
        if kind == "data":
            yield at, at + length
        at += length


def _is_over(exchange: Exchange) -> bool:
    """Whether the answer is complete (RFC 9112 section 6.3)."""
    if "answer" not in exchange.texts or "request" not in exchange.texts:
        return False
    head = b"".join(data for segment in exchange.texts["answer"].segments for _, _, data in segment.pieces)
    if exchange.method == b"HEAD" or exchange.status in ("101", "204", "304") or "last chunk" in exchange.texts:
        return True
    if "chunked" in _field(head, "transfer-encoding"):
        return False
    body = exchange.texts.get("download")
    if length := _field(head, "content-length"):
        return length.isdecimal() and (body.size if body else 0) >= int(length)
    ends = exchange.connection.texts["←"] + exchange.connection.texts["⇄"]
    return any(text.name == "FIN" for text in ends)


def _field(head: bytes, name: str) -> str:
    """The value of a header field in lower case, or nothing."""
    found = re.search(rb"(?im)^" + name.encode() + rb"[ \t]*:[ \t]*([^\r\n]*)", head)
    return found[1].strip().lower().decode("latin-1") if found else ""


def said(stretches: Iterable[Stretch]) -> str:
    """The beginning of the payload of some stretches, as text, with its length if it is long."""
    beginning, size = b"", 0
    for stretch in stretches:
        for piece in stretch.data:
            size += len(piece)
            beginning += piece[: SHOWN + 1 - len(beginning)]
    shown = short(beginning[:SHOWN], SHOWN)
    return shown if size <= SHOWN else f"{shown}… ({size:,} bytes)"
