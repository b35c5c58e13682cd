"""Whose code a traceback went through: the learner's, or Python's, a package's and the bench's own."""

import sysconfig
from pathlib import Path
from types import TracebackType

# What comes from elsewhere, the learner wrote.
NOT_THE_LEARNERS = (
    *(sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")),
    str(Path(__file__).resolve().parent),
    "<frozen ",
)


def learners(trace: TracebackType | None) -> TracebackType | None:
    """The traceback with the learner's frames alone, outermost first; None if there are none."""
    if trace is None:
        return None
    rest = learners(trace.tb_next)
    if trace.tb_frame.f_code.co_filename.startswith(NOT_THE_LEARNERS):
        return rest
    return TracebackType(rest, trace.tb_frame, trace.tb_lasti, trace.tb_lineno)
