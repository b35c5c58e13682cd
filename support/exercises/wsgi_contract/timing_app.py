"""Apps inside the learner's timing.py: a list, a stream that waits at a gate, one that fails, one that is validated.

/unasked closes the stream before its first piece.

wsgi.errors is copied to the file exercise.errors, which holds nothing that the server itself has written.
"""

import os
from wsgiref.validate import validator

from timing import timed

from support import record
from support.waiting import until

TEXT = [("Content-Type", "text/plain"), ("X-Kept", "yes")]


def plain(environ, start_response):
    """A list of two pieces."""
    start_response("200 OK", TEXT)
    return [b"one", b"two"]


def slow(environ, start_response):
    """Two pieces, the second once there is a file that the query names."""
    start_response("200 OK", TEXT)
    yield b"one"
    until(lambda: os.path.exists(environ["QUERY_STRING"]), timeout=5)
    yield b"two"


def spilled(environ, start_response):
    """One piece, then an exception."""
    start_response("200 OK", TEXT)
    yield b"one"
    raise RuntimeError("the tea is spilled")


def unasked(environ, start_response):
    """No content; the stream is called, and closed before anybody asks for a piece."""
    body = APPS["/slow"](environ, lambda *said: lambda data: None)
    if hasattr(body, "close"):
        body.close()
    start_response("204 No Content", [])
    return []


APPS = {
    "/list": record(timed(plain)),  # recorded inside too, the list would have a close()
    "/slow": record(timed(record(slow))),
    "/spilled": record(timed(record(spilled))),
    "/unasked": unasked,
    "/valid": validator(timed(validator(plain))),
}


class Errors:
    """A server's wsgi.errors, with a copy of everything that is written to it."""

    def __init__(self, stream):
        self._stream = stream

    def __getattr__(self, name):
        return getattr(self._stream, name)

    def write(self, text):
        """Writes to both."""
        with open("exercise.errors", "a", encoding="utf-8") as copy:
            copy.write(text)
        return self._stream.write(text)

    def writelines(self, lines):
        """Writes to both."""
        for line in lines:
            self.write(line)


def app(environ, start_response):
    """The app that the path names."""
    environ["wsgi.errors"] = Errors(environ["wsgi.errors"])
    return APPS[environ["PATH_INFO"]](environ, start_response)
