"""Calls the learner's form() and answers with what came of it: `returned …`, `refused …`, `raised …`, `overrun …`.

/wsgiref hands form() an environ as wsgiref makes it; the query tells its CONTENT_LENGTH, if it has one.
"""

import io

from forms import form

from support import record
from support.errors import raised


class Connection(io.BytesIO):
    """A body on a connection that stays open: what asks for more than the body would wait, and is noted."""

    overrun = ""

    def _noted(self, call, size, wanted):
        left = len(self.getvalue()) - self.tell()
        if wanted is None or wanted < 0 or wanted > left:
            self.overrun = self.overrun or f"{call}()"
        return getattr(super(), call)(size)

    def read(self, size=-1):
        """As of any stream."""
        return self._noted("read", size, size)

    def readline(self, size=-1):
        """As of any stream."""
        return self._noted("readline", size, size)

    def readlines(self, hint=-1):
        """As of any stream: it reads to the end, whatever the hint."""
        return self._noted("readlines", hint, None)

    def __iter__(self):
        return iter(self.readline, b"")


def like_wsgiref(environ):
    """What came of form() where wsgi.input is the connection itself."""
    kept = {key: value for key, value in environ.items() if key not in ("wsgi.input_terminated", "CONTENT_LENGTH")}
    name, _, value = environ["QUERY_STRING"].partition("=")
    stream = Connection(b"tea=1" if value == "5" else b"")
    said = outcome(kept | ({name: value} if name else {}) | {"wsgi.input": stream})
    return f"overrun {stream.overrun}" if stream.overrun else said


def outcome(environ):
    """What came of form(), in words."""
    try:
        fields = form(environ)
    except ValueError as error:
        return f"refused {raised(error)}"
    except Exception as error:
        return f"raised {raised(error)}"
    return f"returned {dict(fields) if isinstance(fields, dict) else fields!r}"


@record
def app(environ, start_response):
    """Answers with what came of form()."""
    said = like_wsgiref(environ) if environ["PATH_INFO"] == "/wsgiref" else outcome(environ)
    body = said.encode(errors="replace")
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
    return [body]
