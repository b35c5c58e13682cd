"""The whole conversation as one sequence diagram: what the taps saw and what the apps recorded, merged.

What is drawn is known, or says that it is not. These are the rules; order/rules.py has their reasons:

    direction   the bytes of one direction of one connection are in order
    call        the events of one call of an app are in order
    connection  a tap knows who spoke first on one connection; but a request's body and its answer come in any order,
                unless the two sides take turns
    request     what an app is told of a request, and what it takes of it, has crossed before
    answer      what an app gave comes before the bytes that carry it, which are counted and never searched
    proxy       a proxy has a head before it sends one on, and each byte and each frame before its copy
    over        an exchange whose answer was over before another's request began stands before it
    note        what the cell notes stands after what the taps have kept by then, and before what they keep later
    lifespan    a process starts up before its app is called, and is told to shut down when its calls are done
    address     a call belongs to the connection with the port that the app was told
    line        a call without a port belongs to the request with its request line, if that occurs once

No clock orders anything else. How the parts play together, all in order/: crossings.py reads the taps into texts and
calls.py the recordings into calls, pairs.py says what belongs to whom, rules.py tells moments.py what is known, rows.py
makes rows of texts and events, and arranging.py puts the rows into one order, which is the same in every run.

The rows without ≈ stand in the order in which things happened, from the first to the last: each began and ended after
the one before. Of a row with ≈ it is known only that it came after what caused it and before what it caused; its place
among its neighbours is chosen, near to its cause.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from .app.events import Events
from .errors import BenchError
from .order import calls as called
from .order.arranging import arrange, certain
from .order.calls import Call
from .order.crossings import Crossings
from .order.lanes import Lanes
from .order.moments import Moments
from .order.numbers import numbered
from .order.rows import Row, make
from .order.rules import ORDERS, RULES, Evidence, cut, gather
from .show import Arrow, Diagram, Note
from .wire.tap import Tap

MOST = 2000  # texts and events in one picture


def sequence(*sources: Tap | Events) -> Diagram:
    """The diagram of taps and events, whose order does not matter. Its lanes are those that have an arrow.

    Where there are several connections or exchanges each row begins with a number: [2] is the second connection,
    [2.1] the first exchange on it. Raises BenchError for what is neither a tap nor events, and for more than MOST.
    """
    check(sources)
    return draw(sources, RULES)


def check(sources: Iterable) -> None:
    """Raises BenchError for the first that is neither a tap nor events, and for nothing at all."""
    if not sources:
        raise BenchError(
            "There is nothing to draw. Pass a tap, events, or both: sequence(tap, server.events()).",
            "그릴 것이 없습니다. 도청기나 이벤트, 또는 둘 다 넘기세요: sequence(tap, server.events())",
        )
    for source in sources:
        if not isinstance(source, Tap | Events):
            kind = type(source).__name__
            raise BenchError(
                f"Only taps and events are drawn; this is of type {kind}. Pass what bench.tap(server) and "
                "server.events() "
                "return: sequence(tap, server.events()).",
                f"그림에는 도청기와 이벤트만 넣을 수 있는데 {kind} 객체를 받았습니다. bench.tap(server)와 "
                "server.events()가 돌려준 값을 넘기세요: sequence(tap, server.events()).",
            )


def _too_many(count: int) -> BenchError:
    return BenchError(
        f"That is too much for one picture: {count:,} messages and events, and the limit is {MOST:,}. Put tap.clear() "
        "and server.clear() before what you want to see, or pass server.events().last.",
        f"한 그림에 담기에는 메시지와 이벤트가 {count:,}개로 너무 많습니다. {MOST:,}개까지 그릴 수 있습니다. 보려는 "
        "동작 바로 앞에서 tap.clear()와 server.clear()를 실행하거나, server.events().last를 넘기세요.",
    )


def draw(sources: Collection[Tap | Events], rules: Collection[str]) -> Diagram:
    """The diagram that these rules allow."""
    layout = lay_out(sources, rules)
    drawn = [row for row in layout.rows if not row.hidden]
    numbers = numbered(drawn, layout.evidence)
    shown = [_shown(row, numbers[row], row not in layout.certain) for row in drawn]
    used = dict.fromkeys(lane for row in drawn for lane in (row.start, row.stop) if lane)
    return Diagram(sorted(used, key=layout.depth.__getitem__), shown)


@dataclass
class Layout:
    """All rows as they stand, the hidden ones too, and those of them whose order is known; `depth` orders the lanes."""

    evidence: Evidence
    moments: Moments
    rows: list[Row]
    certain: set[Row]
    depth: dict[str, int]


def lay_out(sources: Collection[Tap | Events], rules: Collection[str]) -> Layout:
    """The layout that these rules allow."""
    taps = list(dict.fromkeys(source for source in sources if isinstance(source, Tap)))
    calls = called.calls(source for source in sources if isinstance(source, Events))
    crossings = Crossings(taps)
    count = len(crossings.texts) + sum(len(call.events) for call in calls)
    if count > MOST:
        raise _too_many(count)
    evidence, moments = known(crossings, calls, rules)
    lanes = Lanes(taps, evidence)
    rows = arrange(make(evidence, moments, lanes), moments, lanes.depth)
    return Layout(evidence, moments, rows, certain([row for row in rows if not row.hidden], moments), lanes.depth)


def known(crossings: Crossings, calls: list[Call], rules: Collection[str]) -> tuple[Evidence, Moments]:
    """The evidence of taps and calls, and what these rules know from it."""
    evidence = gather(crossings, calls, set(rules))
    while True:
        cut(evidence)
        moments = Moments()
        evidence.crossings.stretch(moments)
        called.stretch(calls, moments)
        for name, rule in ORDERS.items():
            if name in rules:
                rule(evidence, moments)
        contradicting = moments.close()
        # The tap's own order holds, so a call was taken for another's: it is not known whose it is.
        wrong = [c for c in evidence.exchange_of if not contradicting.isdisjoint(c.moments)]
        if not wrong:
            return evidence, moments
        for call in wrong:
            del evidence.exchange_of[call]


def _shown(row: Row, number: str, loose: bool) -> Arrow | Note:
    if row.kind == "note":
        return Note(row.label)
    return Arrow(row.start, row.stop, f"{number} {row.label}".strip(), row.kind, loose, row.both)
