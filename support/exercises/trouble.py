"""What a server's log says that went wrong in the learner's code."""

import re
from collections.abc import Iterable

from ..errors import Said
from ..waiting import until
from ..wire.tap import Tap

PATIENCE = 1.5  # seconds: daphne writes an app's exception down up to a second later
RAISED = re.compile(
    r"^(?:\w+\.)*(\w*(?:Error|Exception|Full|Operation)\b.*)(?!\n\n(?:During handling of|The above exception was))$",
    re.MULTILINE,
)


def with_trouble(taps: Iterable[Tap], message: Said) -> Said:
    """The message, and before it what a log says that the learner's code raised, or forgot to await."""
    taps = list(taps)
    trouble = until(lambda: _trouble("\n".join(tap.upstream.log() for tap in taps)), PATIENCE)
    return trouble + message if trouble else message


def _trouble(log: str) -> Said | None:
    """Names no exception that another took the place of: that one comes later in the log, and says more."""
    if forgotten := re.search(r"coroutine '(?:\S+\.)?(\w+)' was never awaited", log):
        if forgotten[1] == "_async_proxy":  # of channels_redis, for whichever method was called
            return Said(
                "A method of the channel layer was never awaited.", "채널 레이어의 메서드 앞에 await가 없습니다."
            )
        if forgotten[1] == "__call__":  # of an object: its name is not known
            return Said("A coroutine was never awaited.", "코루틴 앞에 await가 없습니다.")
        return never_awaited(forgotten[1])
    if found := RAISED.search(log):
        return code_raised(found[1])
    return None


def code_raised(words: str) -> Said:
    """That the learner's code raised this, as the first sentence of a message; `words` are Python's."""
    words = words.rstrip(".")
    return Said(f"Your code raised `{words}`.", f"작성한 코드에서 `{words}` 예외가 났습니다.")


def never_awaited(name: str) -> Said:
    """That the learner's code forgot to await what this coroutine function gave, as the first sentence of a message."""
    return Said(f"{name}(…) was never awaited.", f"{name}(…) 앞에 await가 없습니다.")
