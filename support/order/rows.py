"""Rows: what is drawn as one arrow or note, in the order in which it is drawn.

make       a text is one row, split where something known stands inside it; an event and a note are a row each
arrange    puts the rows into one order that the known order allows, always the same
known      which rows stand in the known order from the first to the last: the others' place is only chosen
"""

from dataclasses import dataclass, field
from itertools import pairwise

from .calls import Call
from .crossings import Connection, Exchange, Note, Stretch, Text, said
from .lanes import Lanes
from .moments import Moments, sort
from .rules import Evidence


@dataclass(eq=False, repr=False)
class Row:
    """One arrow or note. `begin` and `end` are its first and its last moment; a hidden row only orders others."""

    kind: str  # wire, app, end or note, as in show.Arrow
    start: str
    stop: str
    label: str
    begin: int
    end: int
    source: Text | Call | Note
    stretches: list[Stretch] = field(default_factory=list)
    both: bool = False
    hidden: bool = False
    stimulus: int = 0  # not 0 for what nothing in the drawing causes: the order in which such rows are drawn
    ends: list[Text] = field(default_factory=list)  # what is drawn before, if it can be

    @property
    def moments(self) -> set[int]:
        """All its moments."""
        return _moments(self.stretches) or {self.begin}

    @property
    def exchange(self) -> Exchange | None:
        return self.source.exchange if isinstance(self.source, Text) else None

    @property
    def strand(self) -> tuple[Connection, str] | Call | Note:
        """What it goes on with: the same direction of the same connection, the same call."""
        return (self.source.connection, self.source.way) if isinstance(self.source, Text) else self.source


# -- which rows there are -----------------------------------------------------------------------------------


def make(evidence: Evidence, moments: Moments, lanes: Lanes) -> list[Row]:
    """All rows, in no order."""
    rows = [_note(note) for note in evidence.crossings.notes]
    for call in evidence.calls:
        rows += _events(call, lanes.caller(call), lanes.app(call), evidence.exchange_of.get(call))
    for text in evidence.crossings.texts:
        caused = text.exchange in evidence.front_of
        rows += [_wire(text, group, lanes.ends(text.connection.tap), caused) for group in _told_apart(text, moments)]
    while circle := _circle(rows, moments):
        split = [piece for row in circle for piece in _apart(row, circle, moments)]
        if len(split) == len(circle):
            raise AssertionError("rows that stand inside each other, and cannot be split")
        rows = [row for row in rows if row not in circle] + split
    return rows


def _note(note: Note) -> Row:
    return Row("note", "", "", note.text, note.moment, note.moment, note, stimulus=3)


def _events(call: Call, server: str, app: str, exchange: Exchange | None) -> list[Row]:
    """A row for each event of a call."""
    rows = []
    for number, (event, moment) in enumerate(zip(call.events, call.moments, strict=True)):
        ends = (server, app) if event.way == "→" else (app, server)
        rows.append(Row("app", *ends, f"{event.name} {event.detail}".strip(), moment, moment, call))
        if exchange and number in _too_late(call, exchange):
            rows[-1].ends = exchange.connection.ends
    if not exchange:
        rows[0].stimulus = 1 if call.kind == "lifespan" else 5
    return rows


def _too_late(call: Call, exchange: Exchange) -> set[int]:
    """The events that have to do with a connection that ended before its exchange was over.

    What the app gave and never crossed, and what it was told of the end: it is likely, but not known, that
    they come after the end.
    """
    if exchange.status == "101":
        closed = any(frame.name == "CLOSE" for frame in exchange.frames["→"])
        return set() if closed else {n for n, event in enumerate(call.events) if event.name == "websocket.disconnect"}
    if exchange.over:
        return set()
    crossed = exchange.texts["download"].size if "download" in exchange.texts else 0
    told = {number for number, event in enumerate(call.events) if event.name == "http.disconnect"}
    return told | {number for number, first, _ in call.given() if first >= crossed}


def _told_apart(text: Text, moments: Moments) -> list[list[Stretch]]:
    """The stretches of a text in groups: two are told apart if something is known to stand between them."""
    own = sum(1 << moment for moment in _moments(text.stretches))
    groups = [[text.stretches[0]]]
    for one, other in pairwise(text.stretches):
        if moments.between(one.end, other.begin) & ~own:
            groups.append([])
        groups[-1].append(other)
    return groups


def _moments(stretches: list[Stretch]) -> set[int]:
    return {moment for stretch in stretches for moment in (stretch.begin, stretch.end)}


def _wire(text: Text, group: list[Stretch], ends: tuple[str, str], caused: bool) -> Row:
    """A row for some stretches of a text."""
    kind = "end" if text.role == "end" else "wire"
    row = Row(
        kind,
        *(ends[::-1] if text.way == "←" else ends),
        _label(text, group),
        group[0].begin,
        group[-1].end,
        text,
        group,
    )
    row.both = text.way == "⇄"
    row.hidden = text.name == "EndOfMessage"
    begins = text.way == "→" and text.role not in ("upload", "last upload chunk")
    row.stimulus = 2 if kind == "end" else 4 if begins and not caused else 0
    return row


def _label(text: Text, group: list[Stretch]) -> str:
    """What a row of a text says: the bytes themselves of a body, and whether it goes on."""
    if text.role in ("upload", "download"):
        return f"{text.name} {said(group)}".strip()
    head = text.role in ("request", "answer", "interim")
    label = text.summary if head else f"{text.name}{':' * (text.role == 'cut')} {text.summary}".strip()
    first, last = group[0] is text.stretches[0], group[-1] is text.stretches[-1]
    return f"{'' if first else '… '}{label}{'' if last else ' …'}"


def _circle(rows: list[Row], moments: Moments) -> list[Row]:
    """Rows that would each have to stand before the other; none if all can be drawn."""
    behind = following(rows, moments)
    left = set(range(len(rows))) - set(sort(behind))
    backward: list[set[int]] = [set() for _ in rows]
    for number in left:
        for later in behind[number] & left:
            backward[later].add(number)
    return [rows[number] for number in sorted(left - set(sort(backward)))]


def _apart(row: Row, circle: list[Row], moments: Moments) -> list[Row]:
    """The row in as many rows as its stretches differ in what stands before and after them in the circle."""
    if len(row.stretches) < 2:
        return [row]
    others = sum(1 << moment for other in circle if other is not row for moment in other.moments)
    groups = [[row.stretches[0]]]
    for one, other in pairwise(row.stretches):
        (before, _), (_, after) = moments.around(other.begin), moments.around(one.end)
        if (before ^ moments.around(one.begin)[0] | after ^ moments.around(other.end)[1]) & others:
            groups.append([])
        groups[-1].append(other)
    ends = (row.stop, row.start) if row.source.way == "←" else (row.start, row.stop)
    return [_wire(row.source, group, ends, not row.stimulus) for group in groups]


def following(rows: list[Row], moments: Moments) -> list[set[int]]:
    """For each row the rows that have a moment right after one of its."""
    row_of = {moment: number for number, row in enumerate(rows) for moment in row.moments}
    found: list[set[int]] = [set() for _ in rows]
    for moment, number in row_of.items():
        found[number] |= {row_of[later] for later in moments.next(moment)} - {number}
    return found
