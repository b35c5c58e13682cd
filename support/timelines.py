"""Requests beside each other, as a timeline: who waits, who is worked on, who has the answer.

It is made of what a sequence is made of (`sequences.lay_out`), and so it is true in the same way: a slot lies between
two things whose order is known, and a request stands in it with what is known to have happened by its end.
"""

from .app.events import Events
from .order.arranging import certain
from .order.crossings import ANSWER, Exchange, Text
from .order.rows import Row
from .order.rules import RULES
from .sequences import Layout, check, lay_out
from .show import Timeline
from .wire.tap import Tap


def timeline(*sources: Tap | Events) -> Timeline:
    """The client's requests, each with its state in each slot.

    A slot begins when a request arrives, when it is answered, or when the cell notes something.
    A request `waits` while nothing but its arrival is known, `works` in the slot by whose end its app was called or
    its answer had begun, and is `answered` once all of the answer has crossed. Of requests that overlap, no order is
    known but what notes tell: so a cell that compares them notes what it has seen. Raises BenchError like `sequence`.
    """
    check(sources)
    layout = lay_out(sources, RULES)
    requests = _requests(layout)
    slots = _slots(layout, requests)
    names = _names(requests)
    return Timeline(
        [_name(row, names) for row in slots],
        [(names[request], [_state(layout, request, *slot) for slot in _between(slots)]) for request in requests],
    )


def _requests(layout: Layout) -> list[Exchange]:
    """The exchanges of clients, in the order in which they are drawn."""
    texts = [row.source for row in layout.rows if isinstance(row.source, Text) and row.source.role == "request"]
    return [text.exchange for text in dict.fromkeys(texts) if text.exchange not in layout.evidence.front_of]


def _slots(layout: Layout, requests: list[Exchange]) -> list[Row]:
    """The rows that begin a slot: notes, arrivals and ends of answers, as many as stand in a known order."""
    last = {row.source: row for row in layout.rows}
    ends = [request.texts["request"] for request in requests] + [r.last for r in requests if r.over]
    rows = {last[text] for text in ends}
    rows = [row for row in layout.rows if row in rows or row.kind == "note"]
    sure = certain(rows, layout.moments)
    return [row for row in rows if row in sure]


def _names(requests: list[Exchange]) -> dict[Exchange, str]:
    """The request lines; with a number where one occurs several times."""
    lines = [request.texts["request"].summary for request in requests]
    return {
        request: f"{line} #{lines[: number + 1].count(line)}" if lines.count(line) > 1 else line
        for number, (request, line) in enumerate(zip(requests, lines, strict=True))
    }


def _name(row: Row, names: dict[Exchange, str]) -> str:
    """What begins a slot."""
    if row.kind == "note":
        return row.label
    return f"{names[row.exchange]} {'answered' if row.source.role in ANSWER else 'arrives'}"


def _between(slots: list[Row]) -> list[tuple[Row, Row | None]]:
    """What begins each slot, and what ends it."""
    return list(zip(slots, [*slots[1:], None], strict=True))


def _state(layout: Layout, request: Exchange, start: Row, stop: Row | None) -> str:
    """What is known of a request in the slot."""

    def by(moment: int, row: Row | None) -> bool:
        return row is None or moment in (row.begin, row.end) or layout.moments.known(moment, row.end)

    if request.over and by(request.last.end, start):
        return "answered"
    calls = [call.moments[0] for call, exchange in layout.evidence.exchange_of.items() if exchange is request]
    begun = [request.texts["answer"].begin] if "answer" in request.texts else []
    if any(by(moment, stop) for moment in calls + begun):
        return "works"
    arrives = stop is not None and stop.source is request.texts["request"]
    return "waits" if not arrives and by(request.texts["request"].end, stop) else "idle"
