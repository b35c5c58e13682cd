"""The wire: the bytes that crossed a tap, beside what they say, as a table that is never too long to look at."""

import re
from collections.abc import Iterable
from functools import cached_property
from itertools import chain, groupby, islice

from ..show import Table, marked, visible
from .messages import Message, decode

ROWS = 400  # of a table, at most; what is left out is told
FIRST = 300  # of them for its beginning
HEAD_LINES = 100  # of one head, at most
LINE = 200  # bytes of one line of a head that are shown
SPANS = 16  # of one line, at most
NOTHING = "nothing has crossed"
BETWEEN = " · "  # what stands between two spans of one line; no byte is shown as this

Row = tuple[str, str, "Bytes | str", str]  # way, name, line, class


class Bytes:
    """One line of a table: texts of several kinds, of which framing is shown apart from what it frames."""

    def __init__(self, *texts: tuple[str, str]) -> None:
        self.texts = texts

    def __str__(self) -> str:
        return "".join(text for _, text in self.texts)

    def _cell_html_(self) -> str:
        """The line in HTML, for support.show.Table."""
        return "<code>" + "".join(self._html(kind, text) for kind, text in self.texts) + "</code>"

    @staticmethod
    def _html(kind: str, text: str) -> str:
        html = marked(text)
        return f'<span class="framing">{html}</span>' if kind in ("framing", "header") else html


class Wire:
    """All that crossed a tap, decoded when it is first looked at: `messages` as data, itself as a table of bytes."""

    def __init__(self, pieces: Iterable, seen: int = 0) -> None:
        """`pieces` as the tap keeps them; what came before the place `seen` is needed to decode and is not shown."""
        self._numbered = list(enumerate(pieces))
        self._seen = seen

    @classmethod
    def of(cls, messages: Iterable[Message]) -> "Wire":
        """A look at these messages only."""
        wire = cls([])
        wire.messages = list(messages)
        return wire

    @cached_property
    def messages(self) -> list[Message]:
        """The cell's notes, then the messages of each connection, one connection after the other."""
        notes = [(place, piece) for place, piece in self._numbered if piece.kind == "note"]
        by_connection: dict[int, list] = {}
        for place, piece in self._numbered:
            if piece.kind != "note":
                by_connection.setdefault(piece.connection, []).append((place, piece))
        found = [Message("", "note", p.data.decode(), b"", place, p.when, 0) for place, p in notes]
        for number in sorted(by_connection):
            found += decode(sorted([*by_connection[number], *notes], key=lambda each: each[0]))
        return [later for message in found if (later := message.since(self._seen))]

    @property
    def last(self) -> "Wire":
        """The exchange that began last, with the end of its connection if it was the last one there.

        Where no HTTP was spoken, it is the connection that began last.
        """
        talk = [m for m in self.messages if m.connection]
        began = [m for m in talk if m.name == "Request"] or talk[-1:]  # connections are numbered as they begin
        if not began:
            return Wire.of([])
        first = max(began, key=lambda message: (message.place, message.exchange))
        mine = [m for m in talk if m.connection == first.connection]
        newest = first.exchange == max(m.exchange for m in mine)
        return Wire.of(m for m in mine if m.exchange == first.exchange or (newest and not m.exchange))

    def bytes(self, way: str) -> bytes:
        """The bytes that went one way (→ to the server, ← to the client), all connections in order."""
        return b"".join(message.raw for message in self.messages if message.way == way)

    def _table(self) -> Table:
        rows = _bounded(_told(self.messages))
        return Table(("", "", ""), [row[:3] for row in rows], [row[3] for row in rows])

    def __repr__(self) -> str:
        return repr(self._table()) if self.messages else NOTHING

    def _repr_html_(self) -> str:
        return self._table()._repr_html_() if self.messages else f"<p>{NOTHING}</p>"


def lines(message: Message) -> list[Bytes]:
    """The message's bytes to look at: a head line by line, everything else in one line."""
    kinds = {kind for kind, _ in message.shape}
    if not message.raw:
        return [Bytes(("", message.summary))]
    if "head" in kinds:
        return _head(message.raw)
    if "header" in kinds:
        return [_frame(message)]
    texts = [(span.kind, visible(span.raw)) for span in message.spans]
    if len(texts) > SPANS:
        texts = [*texts[:SPANS], ("", f"… ({len(message.raw):,} bytes)")]
    apart = [text for each in texts for text in (("", BETWEEN), each)]
    return [Bytes(*apart[1:])]


def _head(raw: bytes) -> list[Bytes]:
    """A head, line by line, with the end of each line apart from it."""
    found = []
    for line in islice(re.finditer(rb"([^\n]*?)(\r?\n|\Z)", raw), HEAD_LINES):
        if line[0]:
            found.append(Bytes(("head", visible(line[1], LINE)), ("framing", visible(line[2]))))
    more = raw.count(b"\n") - HEAD_LINES
    return found if more <= 0 else [*found, Bytes(("", f"… {more:,} more lines ({len(raw):,} bytes)"))]


def _frame(message: Message) -> Bytes:
    """A binary header in hexadecimal, without the random mask, beside what the frame says."""
    headers = [span.raw for span in message.spans if span.kind == "header"]
    kinds = [kind for kind, length in message.shape if length]
    header = headers[0].hex(" ") if len(headers) == 1 else ""
    header += " [mask]" if "mask" in kinds else ""
    said = ("deflated " if "deflated" in kinds else "") + message.summary
    return Bytes(("header", header), ("", "  " if header and said else ""), ("data", said))


def _told(messages: list[Message]) -> list[Message | str]:
    """The messages in the order of the table, each connection under its number if there are several.

    A note stands in every connection that went on around it, else before the next one that began.
    """
    notes = [message for message in messages if not message.connection]
    talks = [list(talk) for _, talk in groupby((m for m in messages if m.connection), key=lambda m: m.connection)]
    places = [_places(note, talks) for note in notes]
    told: list[Message | str] = []
    for number, talk in enumerate(talks):
        mine = [note for note, numbers in zip(notes, places, strict=True) if number in numbers]
        told += [f"connection {talk[0].connection}"] if len(talks) > 1 else []
        told += sorted([*talk, *mine], key=lambda message: message.place)
    return told or list(notes)


def _places(note: Message, talks: list[list[Message]]) -> list[int]:
    """The numbers of the connections among whose messages the note stands."""
    around = [number for number, talk in enumerate(talks) if talk[0].place < note.place < talk[-1].place]
    later = [number for number, talk in enumerate(talks) if talk[0].place > note.place]
    return around or later[:1] or [len(talks) - 1]  # at the end of the last one, if it came after all


def _bounded(told: list[Message | str]) -> list[Row]:
    """The rows of the table, at most ROWS, with one row in the place of what is left out."""
    top = _fill(told, FIRST)
    rest = told[len(top) :]
    bottom = _fill(reversed(rest), ROWS - FIRST)[::-1]
    out = [each for each in rest[: len(rest) - len(bottom)] if isinstance(each, Message)]
    size = sum(len(message.raw) for message in out)
    left_out: list[Row] = [("", "", f"… {len(out):,} more messages ({size:,} bytes) …", "note")] if out else []
    return [*chain(*top), *left_out, *chain(*bottom)]


def _fill(told: Iterable[Message | str], most: int) -> list[list[Row]]:
    """The rows of the first of them, as many as fit."""
    filled: list[list[Row]] = []
    for each in told:
        rows = _rows(each)
        most -= len(rows)
        if most < 0:
            break
        filled.append(rows)
    return filled


def _rows(told: Message | str) -> list[Row]:
    """The rows of one message, or of a connection's number."""
    if isinstance(told, str) or not told.connection:
        return [("", "", told if isinstance(told, str) else told.summary, "note")]
    kind = {"→": "out", "←": "in"}.get(told.way, "note")
    rows: list[Row] = [(told.way, "" if number else told.name, line, kind) for number, line in enumerate(lines(told))]
    return rows + ([(told.way, "", f"({told.note})", "note")] if told.note else [])
