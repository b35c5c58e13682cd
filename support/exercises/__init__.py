"""Checks of the exercises: each drives the learner's code on a real server and says what is wrong first.

A check is a function marked `@exercise`; it calls `expect` for one thing after another, and what comes back
is a Verdict, never an exception, so that a class of thirty sees a sentence and not a traceback.
"""

import functools
import traceback
from html import escape

from ..errors import BenchError


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
    """What a check found: `passed`, and a sentence in English (`en`) and Korean (`ko`)."""

    def __init__(self, passed: bool, en: str, ko: str) -> None:
        self.passed, self.en, self.ko = passed, en, ko

    def __bool__(self) -> bool:
        return self.passed

    def __repr__(self) -> str:
        return f"{'✓' if self.passed else '✗'} {self.en}\n  {self.ko}"

    def _repr_html_(self) -> str:
        mark, name = ("✓", "ok") if self.passed else ("✗", "bad")
        halves = "".join(
            f'<div lang="{language}"><span class="{name}">{mark}</span> {escape(text)}</div>'
            for language, text in (("en", self.en), ("ko", self.ko))
        )
        return f'<div class="bench">{halves}</div>'


def exercise(check):
    """The check as a function that returns a Verdict: passed if it returned, else what it stumbled over."""

    @functools.wraps(check)
    def checked(*args, **kwargs) -> Verdict:
        try:
            en, ko = check(*args, **kwargs)
        except NotYet as wrong:
            return Verdict(False, wrong.en, wrong.ko)
        except BenchError as error:
            quoted = f"\n{error.evidence}" if error.evidence else ""
            return Verdict(False, error.en + quoted, error.ko + quoted)
        except Exception as error:
            line = traceback.extract_tb(error.__traceback__)[-1]
            said = f"{type(error).__name__}: {error}"
            return Verdict(
                False,
                f"Your code raised {said} (line {line.lineno}: {line.line})",
                f"작성한 코드에서 {said} 예외가 났습니다({line.lineno}번째 줄: {line.line}).",
            )
        return Verdict(True, en, ko)

    return checked
