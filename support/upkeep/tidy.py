"""make format: the cells as ruff formats them, and in each title the minutes and the neighbours that are true now."""

import sys
from pathlib import Path

from .lesson import navigate
from .readable import format_cells
from .refresh import notebooks

if __name__ == "__main__":
    for each in [Path(argument).resolve() for argument in sys.argv[1:]] or notebooks():
        format_cells(each)
        navigate(each)
