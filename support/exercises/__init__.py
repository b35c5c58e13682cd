"""Checks of the exercises: each drives the learner's code on a real server and says what is wrong first.

A check is a function marked `@exercise`; it calls `expect` for one thing after another, and what comes back
is a Verdict, never an exception, so that a class of thirty sees a sentence and not a traceback.
"""

import functools
import sysconfig
import traceback
from html import escape
from pathlib import Path

from ..errors import BenchError

# Python's own modules, the installed packages and the bench: what comes from elsewhere, the learner wrote.
NOT_THE_LEARNERS = (
    *(sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")),
    str(Path(__file__).resolve().parents[1]),
    "<frozen ",
)


class NotYet(Exception):
    """The first thing that is not right yet, said in both languages."""

    def __init__(self, en: str, ko: str) -> None:
        self.en, self.ko = en, ko
        super().__init__(en)


def expect(condition: object, en: str, ko: str) -> None:
    """Raises NotYet with the two sentences unless the condition holds."""
    if not condition:
        raise NotYet(en, ko)


class Verdict:
    """What a check found: `passed`, a sentence in English (`en`) and Korean (`ko`), a program's words (`evidence`)."""

    def __init__(self, passed: bool, en: str, ko: str, evidence: str = "") -> None:
        self.passed, self.en, self.ko, self.evidence = passed, en, ko, evidence

    def __bool__(self) -> bool:
        return self.passed

    def __repr__(self) -> str:
        quoted = "".join(f"\n  | {line}" for line in self.evidence.splitlines())
        return f"{'✓' if self.passed else '✗'} {self.en}\n  {self.ko}{quoted}"

    def _repr_html_(self) -> str:
        mark, name = ("✓", "ok") if self.passed else ("✗", "bad")
        halves = "".join(
            f'<div lang="{language}"><span class="{name}">{mark}</span> {escape(text)}</div>'
            for language, text in (("en", self.en), ("ko", self.ko))
        )
        quoted = f"<pre>{escape(self.evidence)}</pre>" if self.evidence else ""
        return f'<div class="bench">{halves}{quoted}</div>'


def exercise(check):
    """The check as a function that returns a Verdict: passed if it returned, else what it stumbled over."""

    @functools.wraps(check)
    def checked(*args, **kwargs) -> Verdict:
        try:
            en, ko = check(*args, **kwargs)
        except NotYet as wrong:
            return Verdict(False, wrong.en, wrong.ko)
        except BenchError as error:
            return Verdict(False, error.en, error.ko, error.evidence)
        except (Exception, SystemExit) as error:
            return _fault(error)
        return Verdict(True, en, ko)

    return checked


def _fault(error: BaseException) -> Verdict:
    """The verdict on an exception: the learner's if a frame on its way is the learner's, else the check's own."""
    said = f"{type(error).__name__}: {error}".removesuffix(": ")
    frames = traceback.extract_tb(error.__traceback__)
    if mine := [frame for frame in frames if not frame.filename.startswith(NOT_THE_LEARNERS)]:
        line = mine[-1]
        return Verdict(
            False,
            f"Your code raised {said} (line {line.lineno}: {line.line})",
            f"작성한 코드에서 {said} 예외가 났습니다({line.lineno}번째 줄: {line.line}).",
        )
    return Verdict(
        False,
        f"The check itself failed, so it cannot judge your code: {said} (line {frames[-1].lineno} of "
        f"{Path(frames[-1].filename).name}). Run it again.",
        f"확인 셀 자체에서 오류가 나서 작성한 코드를 판정하지 못했습니다: {said}"
        f"({Path(frames[-1].filename).name}, {frames[-1].lineno}번째 줄). 다시 실행해 보세요.",
    )
