"""The servers that the checks of 3.3 and 3.4 start for themselves, without a word: two halves, sites before them."""

from collections.abc import Callable
from pathlib import Path

from ...wire.tap import Tap
from .. import drive

HERE = Path(__file__).parent
PATIENCE = 10  # seconds; a busy machine may need some of them, and whatever is wrong answers at once


def site(name: str, *folders: Path) -> str:
    """The text of one of the nginx sites that lie beside this file, or in one of the folders."""
    (found,) = [path for folder in (HERE, *folders) if (path := folder / f"{name}.conf.jinja").exists()]
    return found.read_text(encoding="utf-8")


def serving(bench, *folders: Path):
    """drive.serving() of the programs that lie beside this file, and in the folders."""
    programs = [program for folder in (HERE, *folders) for program in folder.glob("exercise_*.py")]
    return drive.serving(bench, {program.name: program for program in programs}, aloud=False)


def halves(serve: Callable[..., Tap]) -> dict[str, Tap]:
    """Both halves, each behind a tap to which nginx connects: gunicorn with the pages, daphne with the chat."""
    access = "--access-logfile - --access-logformat '\"%(r)s\" %(s)s'"
    return {
        "pages": serve(f"gunicorn exercise_pages:app {access}", client="nginx"),
        "chat": serve("daphne exercise_chat:app", client="nginx"),
    }
