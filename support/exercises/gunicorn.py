"""The server of the WSGI checks, and what its log says of the learner's code."""

import re

from ..waiting import until

# Several threads: code that hangs keeps only its own.
GUNICORN = "gunicorn exercise:app -k gthread --threads 8"
LATE = 0.05  # seconds that the log may be behind the answer


def last_error(tap) -> str:
    """The last line of the log that names an exception, or nothing."""
    found = until(lambda: re.findall(r"^[\w.]+(?:Error|Exception)\b.*", tap.upstream.log(), re.M), LATE)
    return found[-1] if found else ""
