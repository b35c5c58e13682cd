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
