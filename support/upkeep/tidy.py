"""make format: cells as ruff formats them; minutes and neighbours in titles, and the README's tables, as they are."""

import sys
from pathlib import Path

from . import plan
from .lesson import navigate
from .readable import format_cells
from .refresh import notebooks

if __name__ == "__main__":
    for each in [Path(argument).resolve() for argument in sys.argv[1:]] or notebooks():
        format_cells(each)
        navigate(each)
    plan.write()
