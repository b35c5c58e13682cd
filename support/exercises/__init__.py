"""Checks of the exercises: each drives the learner's code on a real server and says what is wrong first.

A check is a function marked `@exercise`; it calls `expect` for one thing after another, and what comes back is a
Verdict, never an exception, so that a class of thirty sees a sentence and not a traceback. How its parts play
together: `drive` runs a copy of the check's own program on a server behind a tap, and asks it; what is asked inside
of `drive.judged(tap)` is the exchange which a failure there shows (`exchange`), beside what came and what was wanted
(`compare`); `verdict` is what the learner sees of it all.
"""

import functools
import re
import traceback
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from ..errors import BenchError, Said, raised
from ..frames import learners
from .compare import compared
from .exchange import Exchange
from .verdict import Verdict

__all__ = ["NotYet", "Verdict", "exercise", "expect", "expect_dict", "failure", "in_turn"]

UNSAID = object()  # "nothing was compared": None may be what came


@dataclass
class NotYet(Exception):
    """The first thing that is not right yet; see Verdict for what goes with it."""

    said: Said
    comparison: str = ""
    waiting: Said | None = None
    exchange: Exchange | None = None

    def __str__(self) -> str:
        return self.said.en


def expect(condition: object, said: Said, came: object = UNSAID, wanted: object = UNSAID) -> None:
    """Raises NotYet with what is said unless the condition holds, and with what came beside what was wanted.

    Raises TypeError, whatever the condition, if it is not said in both languages.
    """
    _bilingual(said)
    if not condition:
        raise NotYet(said, "" if wanted is UNSAID else compared(came, wanted))


def expect_dict(value: object, name: str) -> None:
    """Raises NotYet unless the learner's value is a dict; `name` is what the notebook calls it."""
    expect(isinstance(value, dict), Said(f"{name} is not a dict.", f"{name}는 dict여야 합니다."))


def _bilingual(said: Said) -> Said:
    """What is said, if it is said in both languages. Raises TypeError, for the author of the check."""
    if not isinstance(said, Said):
        raise TypeError(f"say it as Said('what came, what was wanted, the cure', '같은 내용을 한국어로'), not {said!r}")
    if not said.en.strip():
        raise TypeError(f"Said: the English is missing beside {said.ko!r}")
    if not re.search("[가-힣]", said.ko):
        raise TypeError(f"Said: the Korean is missing beside {said.en!r}")
    return said


def in_turn(judge: Callable[[str], object], names: Iterable[str]) -> None:
    """Judges one after the other; a failure says of those after it that they cannot be checked yet."""
    names = list(names)
    for number, name in enumerate(names, 1):
        try:
            judge(name)
        except NotYet as wrong:
            if later := ", ".join(names[number:]):
                wrong.waiting = Said(
                    f"{later}: cannot check this until {name} passes.",
                    f"{later}: {name}부터 통과해야 확인할 수 있습니다.",
                )
            raise


def exercise(check: Callable[..., Said]) -> Callable[..., Verdict]:
    """The check as a function that returns a Verdict: passed if it returned what to say, else what it stumbled over."""

    @functools.wraps(check)
    def checked(*args, **kwargs) -> Verdict:
        try:
            return Verdict(True, _bilingual(check(*args, **kwargs)))
        except (Exception, SystemExit) as error:
            wrong = failure(error)
            return Verdict(False, wrong.said, wrong.comparison, wrong.waiting, wrong.exchange)

    return checked


def failure(error: BaseException) -> NotYet:
    """The exception as what is not right yet: the learner's doing if a frame on its way is the learner's."""
    if isinstance(error, NotYet):
        return error
    if isinstance(error, BenchError):
        return NotYet(error.said)
    if trace := learners(error.__traceback__):
        line = traceback.extract_tb(trace)[-1]
        return NotYet(
            Said(
                f"Your code raised `{raised(error)}` (line {line.lineno}: `{line.line}`)",
                f"작성한 코드에서 `{raised(error)}` 예외가 났습니다({line.lineno}번째 줄: `{line.line}`).",
            )
        )
    line = traceback.extract_tb(error.__traceback__)[-1]
    place = Path(line.filename).name
    return NotYet(
        Said(
            f"The check itself failed, so it cannot judge your code: {raised(error)} (line {line.lineno} of {place}). "
            "Run it again.",
            f"확인 셀 자체에서 오류가 나서 작성한 코드를 판정하지 못했습니다: {raised(error)}"
            f"({place}, {line.lineno}번째 줄). 다시 실행해 보세요.",
        )
    )
