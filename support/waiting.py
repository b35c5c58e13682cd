"""Waiting that is cheap for what one waits for: the longer it lasts, the less often it looks."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

SHORTEST, LONGEST = 0.001, 0.1  # seconds between two looks
SHARE = 0.1  # of the time that was waited: what a look may come too late


def until(condition: Callable[[], T], timeout: float) -> T:
    """The condition's first true value, or its last one, which is false, after `timeout` seconds."""
    began = time.monotonic()
    while not (value := condition()):
        spent = time.monotonic() - began
        if spent >= timeout:
            break
        time.sleep(min(max(SHORTEST, SHARE * spent), LONGEST, timeout - spent))
    return value


NAP, NAPS = 0.01, 10  # seconds between two looks for a change, and how many such looks make it quiet


def quiet(look: Callable[[], object], timeout: float, over: Callable[[], object] = lambda: False) -> bool:
    """True once `look()` has given one value ten times in a row, a tenth of a second apart from first to last, or
    `over()` is true; False if that is not so after `timeout` seconds.

    Looks are counted, not time: where the machine is busy they come later, and so does what one waits for.
    """
    began, same, before = time.monotonic(), 0, look()
    while same < NAPS and not over():
        if time.monotonic() - began >= timeout:
            return False
        time.sleep(NAP)
        now = look()
        same, before = (same + 1 if now == before else 0), now
    return True
