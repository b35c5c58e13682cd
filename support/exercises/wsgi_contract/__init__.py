"""The checks of 1-wsgi/1.1-contract: timing middleware and three repaired apps, both on gunicorn."""

from .repairs import repair
from .timing import timed

__all__ = ["repair", "timed"]
