"""Turns: of all benches of a machine as many start a program at the same time as the machine has processors.

Thirty that start at once take longer for it than thirty that start one after the other: each finds the processor's
caches full of what the others load. Where nobody else starts anything, a turn costs a hundredth of a millisecond.
"""

import contextlib
import os
import time

from ..waiting import until
from . import ports

TURNS = os.cpu_count() or 1
KIND = "turn"  # of claim
PATIENCE = 60.0  # seconds; a start has then waited for its turn in vain, and goes on without
LONGEST = 5.0  # seconds until a turn is over whatever its program does: others wait


class Turn:
    """The right to start a program now. It ends with `over`, or with this process, however that ends."""

    def __init__(self) -> None:
        """Returns once it is one's turn, after a minute at the latest."""
        self._claim = until(_free, PATIENCE)
        self._end = time.monotonic() + LONGEST

    def __enter__(self) -> "Turn":
        return self

    def __exit__(self, *_) -> None:
        self.over()

    @property
    def late(self) -> bool:
        """True once it has lasted long enough."""
        return time.monotonic() > self._end

    def over(self) -> None:
        """Lets somebody else have the turn."""
        if self._claim:
            self._claim.close()


def _free() -> ports.Claim | None:
    """The claim on a turn that nobody has."""
    for number in range(TURNS):
        with contextlib.suppress(ports.Claimed):
            return ports.Claim(number, KIND)
    return None
