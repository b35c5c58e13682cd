"""What a server's log says that went wrong in the learner's code."""

import re
from collections.abc import Iterable

from ..errors import Said
from ..waiting import until
from ..wire.tap import Tap

PATIENCE = 1.5  # seconds: daphne writes an app's exception down up to a second later


def with_trouble(taps: Iterable[Tap], message: Said) -> Said:
    """The message, and before it what a log says that the learner's code raised, or forgot to await."""
    taps = list(taps)
    trouble = until(lambda: _trouble("\n".join(tap.upstream.log() for tap in taps)), PATIENCE)
    return trouble + message if trouble else message


def _trouble(log: str) -> Said | None:
    if forgotten := re.search(r"coroutine '(?:\S+\.)?(\w+)' was never awaited", log):
        if forgotten[1] == "__call__":  # of an object: its name is not known
            return Said("A coroutine was never awaited.", "코루틴 앞에 await가 없습니다.")
        return Said(f"{forgotten[1]}(…) was never awaited.", f"{forgotten[1]}(…) 앞에 await가 없습니다.")
    if found := re.search(r"^(?:\w+\.)*(\w*(?:Error|Exception|Full|Operation)\b.*)", log, re.MULTILINE):
        words = found[1].rstrip(".")
        return Said(f"Your code raised `{words}`.", f"작성한 코드에서 `{words}` 예외가 났습니다.")
    return None
