"""Waiting that is cheap for what one waits for: the longer it lasts, the less often it looks."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

SHORTEST, LONGEST = 0.001, 0.1  # seconds between two looks
SHARE = 0.05  # of the time that was waited: what a look may come too late


def until(condition: Callable[[], T], timeout: float) -> T:
    """The condition's first true value, or its last one, which is false, after `timeout` seconds."""
    began = time.monotonic()
    while not (value := condition()):
        spent = time.monotonic() - began
        if spent >= timeout:
            break
        time.sleep(min(max(SHORTEST, SHARE * spent), LONGEST, timeout - spent))
    return value


NAP, NAPS = 0.01, 10  # seconds between two looks for a change, and how many of them without one make it quiet


def quiet(look: Callable[[], object], timeout: float, naps: int = NAPS, over: Callable[[], object] = bool) -> bool:
    """True once `look()` has given one value `naps` times in a row, or `over()` is true; False after `timeout` seconds.

    Looks are counted, not time: where the machine is busy they come later, and so does what one waits for.
    """
    began, same, before = time.monotonic(), 0, look()
    while same < naps and not over():
        if time.monotonic() - began >= timeout:
            return False
        time.sleep(NAP)
        now = look()
        same, before = (same + 1 if now == before else 0), now
    return True
