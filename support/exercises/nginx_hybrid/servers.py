"""The servers that these checks start for themselves, without a word: two halves, and sites before them."""

from collections.abc import Callable
from pathlib import Path

from ...wire.tap import Tap
from .. import drive

HERE = Path(__file__).parent
PATIENCE = 10  # seconds; a busy machine may need some of them, and whatever is wrong answers at once


def site(name: str) -> str:
    """The text of one of the nginx sites that lie beside this file."""
    return (HERE / f"{name}.conf.jinja").read_text(encoding="utf-8")


def serving(bench):
    """drive.serving() of the programs that lie beside this file."""
    return drive.serving(bench, {program.name: program for program in HERE.glob("exercise_*.py")}, aloud=False)


def halves(serve: Callable[..., Tap]) -> dict[str, Tap]:
    """Both halves, each behind a tap to which nginx connects: gunicorn with the pages, daphne with the chat."""
    access = "--access-logfile - --access-logformat '\"%(r)s\" %(s)s'"
    return {
        "pages": serve(f"gunicorn exercise_pages:app {access}", client="nginx"),
        "chat": serve("daphne exercise_chat:app", client="nginx"),
    }
