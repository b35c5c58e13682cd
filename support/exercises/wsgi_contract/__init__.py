"""The checks of 1-wsgi/1.1-contract: timing middleware, a form reader, three repaired apps, all on gunicorn."""

from .forms import form
from .repairs import repair
from .timing import timed

__all__ = ["form", "repair", "timed"]
