"""A wsgiref server whose answer comes in several pieces, so that no fixed number of recv() brings all of it."""

import sys
import time
from wsgiref.simple_server import make_server


def app(environ, start_response):
    """Tells the path, piece by piece."""
    start_response("200 OK", [("Content-Type", "text/plain")])
    for piece in ("you ", "asked ", "for "):
        yield piece.encode()
        time.sleep(0.1)
    yield environ["PATH_INFO"].encode()


make_server("127.0.0.1", int(sys.argv[1]), app).serve_forever()
