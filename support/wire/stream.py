"""A Stream is the bytes of one direction, how far they are read, and the Messages that were read from them."""

from bisect import bisect_right
from dataclasses import dataclass, replace
from itertools import accumulate

CUT = "cut short"  # the name of the message that says so, which has no bytes


@dataclass(frozen=True)
class Part:
    """A stretch of a message's bytes that came in one piece: the piece's place and time (ns), and the bytes."""

    place: int
    when: int
    raw: bytes


@dataclass(frozen=True)
class Span:
    """A stretch of a message's bytes of one kind.

    `kind` is head (an HTTP head), framing (text around data: a chunk's size line, a CRLF), header (a binary header),
    mask (the random key of a WebSocket frame), data, or deflated (data that is compressed).
    """

    kind: str
    raw: bytes


@dataclass(frozen=True)
class Message:
    """One thing that was said: an HTTP head, a piece of a body, a frame, a record, a FIN, a RST, or bytes unread.

    `name` is the protocol's word for it, `summary` what it says in short, `note` what a library objects to it or
    what it still lacks. `place` and `when` are the number and the time (ns) of the piece with its first byte, `parts`
    are the stretches of `raw` by the pieces that brought them. `exchange` numbers the HTTP exchanges of its
    connection from 1; a handshake's frames have its number.
    """

    way: str
    name: str
    summary: str
    raw: bytes
    place: int
    when: int
    connection: int
    parts: tuple[Part, ...] = ()
    shape: tuple[tuple[str, int], ...] = ()  # the spans as kinds and lengths
    exchange: int = 0
    note: str = ""

    @property
    def spans(self) -> tuple[Span, ...]:
        """The message's bytes by what they are; joined they are `raw`."""
        stops = list(accumulate((length for _, length in self.shape), initial=0))
        return tuple(
            Span(kind, self.raw[start : start + length])
            for (kind, length), start in zip(self.shape, stops, strict=False)
            if length
        )

    @property
    def data(self) -> bytes:
        """The bytes that are neither a head nor framing, as they crossed."""
        return b"".join(span.raw for span in self.spans if span.kind in ("data", "deflated"))

    def since(self, place: int) -> "Message | None":
        """What of it came in that piece or later; None if nothing did."""
        parts = tuple(part for part in self.parts if part.place >= place)
        if self.place >= place or not parts:
            return self if self.place >= place else None
        raw = b"".join(part.raw for part in parts)
        skip, shape = len(self.raw) - len(raw), []
        for kind, length in self.shape:
            shape.append((kind, max(0, length - skip)))
            skip = max(0, skip - length)
        later = replace(
            self, raw=raw, place=parts[0].place, when=parts[0].when, parts=parts, shape=tuple(shape), note=""
        )
        return replace(later, summary=short(later.data)) if self.summary == short(self.data) else later


def short(data: bytes, longest: int = 40) -> str:
    """The bytes in a few words: printable ASCII as it is, everything else escaped, a long one cut."""
    text = data[:longest].decode("latin-1").encode("unicode_escape").decode("ascii")
    return text if len(data) <= longest else f"{text}… ({len(data):,} bytes)"


def size(length: int) -> str:
    """A number of bytes in words."""
    return "1 byte" if length == 1 else f"{length:,} bytes"


def cut(text: str, longest: int) -> str:
    """The text, or its beginning if it is long."""
    return text if len(text) <= longest else f"{text[:longest]}…"


class Stream:
    """The bytes of one direction of one connection. A reader looks at `data` from `at` on, and takes what it knows."""

    def __init__(self, way: str, parts: list[Part], connection: int = 0, end: tuple[int, int] | None = None) -> None:
        """`end` is the place and the time of what ended this direction, if anything did."""
        self.way, self.connection, self.end = way, connection, end
        self.data = b"".join(part.raw for part in parts)
        self.at = 0
        self.exchange = 0
        self.messages: list[Message] = []
        self._came = parts
        self._starts = list(accumulate((len(part.raw) for part in parts), initial=0))

    @property
    def left(self) -> int:
        """How many bytes are not read yet."""
        return len(self.data) - self.at

    def take(self, name: str, summary: str, *shape: tuple[str, int], note: str = "") -> None:
        """Makes a message of the next bytes; `shape` says how many they are, and of which kind."""
        end = self.at + sum(length for _, length in shape)
        raw, parts = self.data[self.at : end], self._parts(self.at, end)
        place, when = parts[0].place, parts[0].when
        self.at = end
        self.messages.append(
            Message(self.way, name, summary, raw, place, when, self.connection, parts, shape, self.exchange, note)
        )

    def take_unfinished(self, name: str, summary: str, *shape: tuple[str, int], lacks: str) -> None:
        """Makes a message of all that is left, which is not all of it: `lacks` says what is known of the rest."""
        self.take(name, summary, *shape, note="" if self.end else lacks)
        self.cut(lacks)

    def cut(self, lacks: str) -> None:
        """Says what was missing when this direction ended, if it has ended."""
        if self.end:
            place, when = self.end
            self.messages.append(
                Message(self.way, CUT, lacks, b"", place, when, self.connection, exchange=self.exchange)
            )

    def take_unread(self) -> None:
        """Takes all that is left as it came, piece by piece."""
        while self.left:
            stop = self._starts[bisect_right(self._starts, self.at)]
            raw = self.data[self.at : stop]
            self.take("bytes", short(raw), ("data", len(raw)))

    def _parts(self, start: int, end: int) -> tuple[Part, ...]:
        """The bytes from start to end, piece by piece."""
        parts, number = [], bisect_right(self._starts, start) - 1
        while start < end:
            part, begin, stop = self._came[number], *self._starts[number : number + 2]
            parts.append(Part(part.place, part.when, part.raw[start - begin : end - begin]))
            start, number = stop, number + 1
        return tuple(parts)
