"""The order in which rows are drawn: one that the known order allows, and the same however they came.

Nothing here looks at a time or at the order of the arguments. Rows are drawn one by one, each when all that is known to
stand before it is drawn. Of several that could be next:

1. What is caused by something that is drawn comes first, and of that what was caused last: an effect is as near to its
   cause as may be. The rest of a message comes before what the message causes.
2. Then what nothing in the drawing causes: the cell's notes, the client's next words. So a client is drawn as one that
   waits until its last word has had all its effects.
3. An event of an app whose bytes cannot come yet, because something else must come before them, waits for that: a cause
   is near to its effect, too. One whose bytes never came waits for the end that kept them away.

Where this leaves a choice, what the rows say and what stands around them decides (`_ranked`).
"""

from collections.abc import Iterable
from itertools import groupby

from .calls import Call
from .crossings import Text
from .moments import Moments, sort
from .rows import Row, following

NOTE_WEIGHT = 1 << 40  # a note bears no mark, so all notes are among the rows whose order is known
EVENT_WEIGHT = 1 << 20
ROUNDS = 5  # in which rows that say the same are told apart by their neighbours


class _Plan:
    """The rows by number, and which of them stand before which."""

    def __init__(self, rows: list[Row], moments: Moments, depth: dict[str, int]) -> None:
        self.rows = rows
        direct = following(rows, moments)
        self.order = list(sort(direct))
        self.after = _reach(direct, reversed(self.order))
        self.next = [_nearest(numbers, self.after) for numbers in direct]
        self.previous: list[set[int]] = [set() for _ in rows]
        for number, numbers in enumerate(self.next):
            for later in numbers:
                self.previous[later].add(number)
        self.before = _reach(self.previous, self.order)
        self.ranks = _ranked(self, depth)
        self.own = self._rows_of_calls()
        self.ends = {row.source: number for number, row in enumerate(rows) if row.kind == "end"}
        self.effects = [self._effects(number) for number in range(len(rows))]

    def _rows_of_calls(self) -> dict[Call, int]:
        """For each call, the set of its rows."""
        own: dict[Call, int] = {}
        for number, row in enumerate(self.rows):
            if isinstance(row.source, Call):
                own[row.source] = own.get(row.source, 0) | 1 << number
        return own

    def _effects(self, number: int) -> set[int]:
        """Of an event, the nearest rows behind it that are not events of its call."""
        own = self.own.get(self.rows[number].source, 0)
        found, look = set(), [number] if own else []
        while look:
            for later in self.next[look.pop()]:
                if own >> later & 1:
                    look.append(later)
                else:
                    found.add(later)
        return found

    def waits(self, number: int, drawn: int) -> bool:
        """Whether an event's bytes cannot come yet, whatever the app does, or the end cannot that kept them away."""
        source = self.rows[number].source
        if any(not drawn >> self.ends[end] & 1 for end in self.rows[number].ends):
            return True
        if not self.effects[number] or source.kind == "lifespan":
            return False
        return all(self.before[effect] & ~drawn & ~self.own[source] for effect in self.effects[number])


def arrange(rows: list[Row], moments: Moments, depth: dict[str, int]) -> list[Row]:
    """The rows in the order in which they are drawn; `depth` tells how far a lane is from the client."""
    plan = _Plan(rows, moments, depth)
    waiting = [len(numbers) for numbers in plan.previous]
    free = {number for number, count in enumerate(waiting) if not count}
    places: dict[int, int] = {}
    drawn = 0
    while free:
        number = min(free, key=lambda each: _urgency(plan, each, places, drawn))
        free.remove(number)
        places[number] = len(places)
        drawn |= 1 << number
        for later in plan.next[number]:
            waiting[later] -= 1
            if not waiting[later]:
                free.add(later)
    return [rows[number] for number in places]


def _urgency(plan: _Plan, number: int, places: dict[int, int], drawn: int) -> tuple:
    """What comes first has the least."""
    row = plan.rows[number]
    cause = max(plan.previous[number], key=lambda each: places[each], default=None)
    goes_on = cause is not None and plan.rows[cause].strand == row.strand
    turn = 2 if plan.waits(number, drawn) else 1 if row.stimulus else 0
    return (
        turn,
        row.stimulus,
        -1 if cause is None else -places[cause],
        row.kind != "wire",
        not goes_on,
        plan.ranks[number],
    )


def _reach(following: list[set[int]], order: Iterable[int]) -> list[int]:
    """For each number the set of all that can be reached from it; `order` has those first that reach nothing."""
    reach = [0] * len(following)
    for number in order:
        for later in following[number]:
            reach[number] |= reach[later] | 1 << later
    return reach


def _nearest(numbers: set[int], reach: list[int]) -> set[int]:
    """Those of them that cannot be reached from another of them."""
    far = 0
    for number in numbers:
        far |= reach[number]
    return {number for number in numbers if not far >> number & 1}


def _ranked(plan: _Plan, depth: dict[str, int]) -> list[int]:
    """A rank for each row, from what it says and, among those that say the same, from what stands around it.

    That is all that stands before it, all behind it, and what else is said on its connection or in its call.
    """
    said, _ = _ranks([_said(row, depth) for row in plan.rows])
    above, below = _folded(said, plan.previous, plan.order), _folded(said, plan.next, plan.order[::-1])
    ranks, count = _ranks(list(zip(said, above, below, strict=True)))
    homes = [row.source.connection if isinstance(row.source, Text) else row.source for row in plan.rows]
    at_home: dict[object, list[int]] = {}
    for number, home in enumerate(homes):
        at_home.setdefault(home, []).append(number)
    for _ in range(ROUNDS):
        kin = dict(zip(at_home, _ranks([_all(ranks, numbers) for numbers in at_home.values()])[0], strict=True))
        sides = (plan.previous, plan.next)
        ranks, finer = _ranks(
            [(r, kin[homes[n]], *(_all(ranks, side[n]) for side in sides)) for n, r in enumerate(ranks)]
        )
        if finer == count:
            break
        count = finer
    return ranks


def _folded(said: list[int], following: list[set[int]], order: list[int]) -> list[int]:
    """For each row a number that is another's only if they say the same, and so does all that follows them.

    `order` has those first that nothing follows.
    """
    heights, found, used = [0] * len(said), [0] * len(said), 0
    for number in order:
        heights[number] = 1 + max((heights[each] for each in following[number]), default=0)
    for _, level in groupby(sorted(range(len(said)), key=heights.__getitem__), heights.__getitem__):
        numbers = list(level)
        ranks, count = _ranks([(said[n], _all(found, following[n])) for n in numbers])
        for number, rank in zip(numbers, ranks, strict=True):
            found[number] = used + rank
        used += count
    return found


def _all(ranks: list[int], numbers: Iterable[int]) -> tuple[int, ...]:
    return tuple(sorted(ranks[number] for number in numbers))


def _said(row: Row, depth: dict[str, int]) -> tuple:
    lanes = [(depth.get(lane, 0), lane) for lane in (row.start, row.stop)]
    return *lanes, row.kind, row.label, row.hidden


def _ranks(keys: list[tuple]) -> tuple[list[int], int]:
    """The rank of each key, and how many different ones there are."""
    order = {key: rank for rank, key in enumerate(sorted(set(keys)))}
    return [order[key] for key in keys], len(order)


def certain(rows: list[Row], moments: Moments) -> set[Row]:
    """As many of the drawn rows as stand in a known order, all of them: each begins and ends after the one before.

    Of several such choices the one with more bytes, then the one with the rows drawn first.
    """
    weights: list[int] = []  # of the best choice that ends with each row
    highest: list[int] = []  # of these so far
    previous: list[int | None] = []
    for row in rows:
        number = _best(row, rows, weights, highest, moments)
        previous.append(number)
        weights.append(_weight(row) + (0 if number is None else weights[number]))
        highest.append(max([weights[-1], *highest[-1:]]))
    number = weights.index(highest[-1]) if weights else None
    chain = set()
    while number is not None:
        chain.add(rows[number])
        number = previous[number]
    return chain


def _best(row: Row, rows: list[Row], weights: list[int], highest: list[int], moments: Moments) -> int | None:
    """The number of the row after which this one adds most."""
    best = None
    for number in reversed(range(len(weights))):
        if best is not None and highest[number] < weights[best]:
            break  # none of the others is better
        if (best is None or weights[number] >= weights[best]) and _precedes(rows[number], row, moments):
            best = number
    return best


def _precedes(one: Row, other: Row, moments: Moments) -> bool:
    return moments.known(one.begin, other.begin) and moments.known(one.end, other.end)


def _weight(row: Row) -> int:
    if row.kind == "note":
        return NOTE_WEIGHT
    if isinstance(row.source, Call):
        return 0 if row.source.kind == "lifespan" else EVENT_WEIGHT
    return EVENT_WEIGHT + 1
