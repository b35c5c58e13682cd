%%writefile timing.py
import time
from urllib.parse import urlsplit
from wsgiref.util import request_uri


def timed(app):
    def wrapped(environ, start_response):
        began = time.monotonic()
        body = app(environ, start_response)
        try:
            yield from body
        finally:
            if hasattr(body, "close"):
                body.close()
            uri = urlsplit(request_uri(environ))
            environ["wsgi.errors"].write(f"took {time.monotonic() - began:.3f} s {uri.path}?{uri.query}\n")

    return wrapped
