"""Whatever happened: nothing impossible is drawn, all that is known is kept, and what is known alike is drawn alike."""

import itertools
import os
import random
from collections.abc import Iterator

import pytest
from histories import World, plan

from support.order.calls import Call
from support.order.crossings import Note, Text
from support.order.rows import Row
from support.order.rules import RULES
from support.sequences import Layout, draw, lay_out

PLANS = range(int(os.environ.get("HISTORIES", "60")))
RUNS = 5  # of each plan


class Drawn:
    """The layout of one run, and where in it each thing that happened stands."""

    def __init__(self, world: World, rules=RULES) -> None:
        self.world, self.sources = world, world.sources()
        self.layout: Layout = lay_out(self.sources, rules)
        self.taps = dict(zip(map(id, self.sources), ("front", "behind"), strict=False))
        self.names = world.names()
        notes = itertools.count()
        self.spots: dict[tuple, int] = {}
        for number, row in enumerate(self.layout.rows):
            for name in self.shown(row, notes):
                assert name not in self.spots, f"{name} is drawn twice"
                self.spots[name] = number

    def shown(self, row: Row, notes: Iterator[int]) -> Iterator[tuple]:
        """The names of what a row shows."""
        if isinstance(row.source, Note):
            yield "note", next(notes)
        elif isinstance(row.source, Call):
            yield "event", row.source.name, row.source.moments.index(row.begin)
        elif row.source.role != "end":
            for stretch in row.stretches:
                for byte in range(stretch.start, stretch.stop):
                    yield (*self.text(row.source), byte)

    def text(self, text: Text) -> tuple:
        connection, exchange = text.connection, text.exchange
        number = exchange.frames[text.way].index(text) if text.role == "frame" else exchange.number
        return self.taps[id(connection.tap)], connection.number, text.way, text.role, number

    def spot(self, key: tuple) -> int:
        """The row in which something that happened is drawn."""
        return self.spots[self.names.get(key, key)]

    def moment(self, key: tuple, last: bool) -> int:
        """The moment at which something happened: of a byte the first or the last that is certainly it."""
        row = self.layout.rows[self.spot(key)]
        if not isinstance(row.source, Text):
            return row.begin
        byte = self.names[key][-1]
        stretch = next(s for s in row.source.stretches if s.start <= byte < s.stop)
        if last:
            return stretch.end if byte == stretch.stop - 1 else stretch.begin
        return stretch.begin if byte == stretch.start else stretch.end

    def when(self, row: Row) -> tuple[int, int]:
        """The true times at which a drawn row began and ended."""
        if isinstance(row.source, Text):
            times = [when for s in row.stretches for when in (at(row.source, s.start), at(row.source, s.stop - 1))]
            return times[0], times[-1]
        names = [name for name, number in self.spots.items() if self.layout.rows[number] is row]
        return self.world.at[names[0]], self.world.at[names[0]]


def at(text: Text, byte: int) -> int:
    """The true time at which a byte of a text was kept: the tap's clock is the true one."""
    return next((when for count, when in text.kept() if count > byte), text.when)


def lost(drawn: Drawn) -> list[str]:
    """What happened and is not drawn."""
    happened = [drawn.names.get(key, key) for key in drawn.world.at if key[0] != "byte" or key in drawn.names]
    return [f"lost: {name}" for name in happened if name not in drawn.spots]


def untrue(drawn: Drawn) -> list[str]:
    """What the rows without a mark say of the order, and did not happen so."""
    sure = [(row, drawn.when(row)) for row in drawn.layout.rows if row in drawn.layout.certain]
    return [
        f"untrue: {row.label} before {other.label}"
        for (row, (begun, ended)), (other, (begun_then, ended_then)) in itertools.pairwise(sure)
        if begun > begun_then or ended > ended_then
    ]


def backwards(drawn: Drawn) -> list[str]:
    """What is known of the order, and drawn the other way round."""
    return [
        f"{rule}: {earlier} is drawn behind {later}"
        for rule, earlier, later in drawn.world.known
        if drawn.spot(earlier) > drawn.spot(later)
    ]


def unknown(drawn: Drawn) -> list[str]:
    """What is known of the order, and the layout does not know."""
    known = drawn.layout.moments.known
    following = itertools.pairwise(sorted(drawn.names))
    in_order = [("direction", one, other) for one, other in following if one[:4] == other[:4]]
    return [
        f"{rule}: {earlier} before {later} is not known"
        for rule, earlier, later in in_order + drawn.world.known
        if not known(drawn.moment(earlier, last=True), drawn.moment(later, last=False))
    ]


def faults(drawn: Drawn) -> list[str]:
    return lost(drawn) + untrue(drawn) + backwards(drawn) + unknown(drawn)


@pytest.mark.parametrize("number", PLANS)
def test_nothing_impossible_is_drawn_and_all_that_is_known_is_kept(number):
    for seed in range(RUNS):
        assert faults(Drawn(World(plan(number), seed))) == []


def knowledge(world: World) -> tuple:
    """What the rules let the bench know of a run: two runs that agree in it are to be drawn alike."""
    legs = {leg: (leg.line.tap, leg.ask.path) for leg in world.legs}
    over = {
        (legs[one], legs[other])
        for one, other in itertools.permutations(world.legs, 2)
        if one.line.tap == other.line.tap and one.over_at() < other.began_at()
    }
    return frozenset(over), tuple(sorted(turns(leg) for leg in world.legs)), tuple(noted(world, legs))


def turns(leg) -> tuple:
    """Who spoke first on an exchange's connection; of a body and its answer only if they took turns."""
    times = {
        role: [leg.line.at(way, offset) for offset in offsets] for way, role, _, offsets in leg.texts(1) if offsets
    }
    upload, download, last = (times.get(role, []) for role in ("upload", "download", "last chunk"))
    talks = any(download[0] < t < download[-1] for t in upload if download)
    talks |= any(
        u < d < later < end for d in download for u in upload[:1] for later in upload for end in download + last
    )
    told = [
        (leg.line.at(way, offset), way, role, number, byte)
        for way, role, number, offsets in leg.texts(1)
        for byte, offset in enumerate(offsets)
    ]
    orders = [("upload",), ("answer",)] if talks else [("upload",)]
    return leg.line.tap, leg.ask.path, talks, [tuple(in_order(told, without)) for without in orders]


def in_order(told: list[tuple], without: tuple[str, ...]) -> list[tuple]:
    """The bytes in the order in which they were kept, but those of some texts."""
    return [text for _, *text in sorted(told, key=lambda each: each[:2]) if text[1] not in without]


def noted(world: World, legs: dict):
    """What the cell noted, and how much of everything was kept by then."""
    for note in (piece for piece in world.kept["front"] if piece.kind == "note"):
        when = note.when
        texts = {leg: list(leg.texts(1)) for leg in world.legs}
        ends = [
            (tap, p.connection) for tap, kept in world.kept.items() for p in kept if p.kind == "FIN" and p.when < when
        ]
        yield (
            note.data,
            sorted(set(ends)),
            sorted(
                (*legs[leg], role, number, sum(leg.line.at(way, offset) < when for offset in offsets))
                for leg in world.legs
                for way, role, number, offsets in texts[leg]
            ),
        )


@pytest.mark.parametrize("number", PLANS)
def test_what_is_known_alike_is_drawn_alike(number):
    drawings: dict[tuple, set[str]] = {}
    for seed in range(RUNS):
        world = World(plan(number), seed)
        sources = world.sources()
        random.Random(seed).shuffle(sources)
        drawings.setdefault(repr(knowledge(world)), set()).add(repr(draw(sources, RULES)))
    assert [len(alike) for alike in drawings.values()] == [1] * len(drawings)


@pytest.mark.parametrize("rule", sorted(RULES))
def test_without_a_rule_something_known_is_lost(rule):
    """Each rule is needed: the checks above would tell if it were gone."""
    worlds = (World(plan(number), 0) for number in PLANS)
    assert any(faults(Drawn(world, RULES - {rule})) for world in worlds)


def test_most_rows_bear_no_mark():
    """Of a client that does one thing after the other, most of what happens is known."""
    layouts = [Drawn(World(plan(number), 0)).layout for number in PLANS if len(plan(number).clients) == 1]
    drawn = [row in layout.certain for layout in layouts for row in layout.rows if not row.hidden]
    assert sum(drawn) > 0.6 * len(drawn)
