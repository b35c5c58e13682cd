"""Moments: points in time of which some are known to come before others, and of the rest nothing is known."""

from collections.abc import Iterator


class Moments:
    """A partial order. Add moments and what is known of them, `close` it, then ask.

    Sets of moments are integers with a bit for each, so that a few thousand moments take milliseconds.
    """

    def __init__(self) -> None:
        self._next: list[set[int]] = []
        self._after: list[int] = []
        self._before: list[int] = []

    def new(self) -> int:
        """One more moment, of which nothing is known yet."""
        self._next.append(set())
        return len(self._next) - 1

    def before(self, earlier: int, later: int) -> None:
        """From now on it is known that the one comes before the other."""
        if earlier != later:
            self._next[earlier].add(later)

    def close(self) -> set[int]:
        """Draws all conclusions. What comes back could not be ordered: some of these moments contradict each other."""
        order = list(sort(self._next))
        self._after, self._before = ([0] * len(self._next) for _ in range(2))
        for moment in reversed(order):
            for later in self._next[moment]:
                self._after[moment] |= self._after[later] | 1 << later
        for moment in order:
            for later in self._next[moment]:
                self._before[later] |= self._before[moment] | 1 << moment
        return set(range(len(self._next))) - set(order)

    def known(self, earlier: int, later: int) -> bool:
        """Whether it is known that the one comes before the other."""
        return bool(self._after[earlier] >> later & 1)

    def next(self, moment: int) -> set[int]:
        """The moments that were told to come after it, without the conclusions."""
        return self._next[moment]

    def around(self, moment: int) -> tuple[int, int]:
        """The set of moments that are known to come before it, and the set of those after it."""
        return self._before[moment], self._after[moment]

    def between(self, earlier: int, later: int) -> int:
        """The set of moments that are known to come after the one and before the other."""
        return self._after[earlier] & self._before[later]


def sort(following: list[set[int]]) -> Iterator[int]:
    """Numbers in an order in which none comes before what it follows, without those in a circle or behind one."""
    waiting = [0] * len(following)
    for each in following:
        for later in each:
            waiting[later] += 1
    free = [number for number, count in enumerate(waiting) if not count]
    while free:
        number = free.pop()
        yield number
        for later in following[number]:
            waiting[later] -= 1
            if not waiting[later]:
                free.append(later)


def bits(numbers: int) -> Iterator[int]:
    """The members of a set that is an integer."""
    while numbers:
        lowest = numbers & -numbers
        yield lowest.bit_length() - 1
        numbers ^= lowest
