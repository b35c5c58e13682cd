"""What the checks of ASGI apps share: the two servers in turn, and what their log says of the learner's code."""

import functools
import re
from collections.abc import Callable
from pathlib import Path

from ..errors import Said
from . import UNSAID, exercise, expect, in_turn
from .drive import judged, said, serving, written
from .trouble import code_raised, never_awaited

PROGRAMS = ("uvicorn", "daphne")


def on_both(file: str, app: Path) -> Callable:
    """Makes a judge of (tap, program) the check of the learner's file: on uvicorn, then on daphne, as one exercise.

    Each serves a copy of the app, which imports the file.
    """

    def decorate(judge: Callable) -> Callable:
        @exercise
        @functools.wraps(judge)
        def both(bench):
            written(bench, file)
            right = {}

            def on(program: str) -> None:
                with serving(bench, {"exercise.py": app}) as serve:
                    tap = serve(f"{program} exercise:app")
                    with judged(tap):
                        right[program] = judge(tap, program)

            in_turn(on, PROGRAMS)
            return right[PROGRAMS[-1]]

        return both

    return decorate


def trouble(tap) -> Said | None:
    """What the log says went wrong in the learner's code, as the first sentence of a message; or nothing."""
    log = tap.upstream.log()
    raised = re.search("^your code raised (.*)", log, re.MULTILINE)
    if raised and "coroutine" in raised[1]:
        said(tap, "was never awaited")  # Python says so once the traceback is gone
        log = tap.upstream.log()
    forgotten = re.search(r"coroutine '(?:\S+\.)?(?:recorded_|watched_)?(\w+)' was never awaited", log)
    if forgotten:
        return never_awaited(forgotten[1])
    return code_raised(raised[1]) if raised else None


def expect_of(tap, condition: object, message: Said, came: object = UNSAID, wanted: object = UNSAID) -> None:
    """expect() whose message begins with what the learner's code raised, if it raised."""
    if not condition and (raised := trouble(tap)):
        message = raised + message
    expect(condition, message, came, wanted)
