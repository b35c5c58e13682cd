"""What a server's log says that went wrong in the learner's code."""

import re
from collections.abc import Iterable

from ..errors import Said
from ..wire.tap import Tap


def with_trouble(taps: Iterable[Tap], message: Said) -> Said:
    """The message, and before it what a log says that the learner's code raised, or forgot to await."""
    log = "\n".join(tap.upstream.log() for tap in taps)
    if forgotten := re.search(r"coroutine '(?:\S+\.)?(\w+)' was never awaited", log):
        return Said(f"{forgotten[1]}(…) was never awaited.", f"{forgotten[1]}(…) 앞에 await가 없습니다.") + message
    if found := re.search(r"^(?:\w+\.)*(\w*(?:Error|Exception|Full|Operation)\b.*)", log, re.MULTILINE):
        words = found[1].rstrip(".")
        return Said(f"Your code raised `{words}`.", f"작성한 코드에서 `{words}` 예외가 났습니다.") + message
    return message
