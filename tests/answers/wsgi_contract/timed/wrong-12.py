%%writefile timing.py
import time


def timed(app):
    def wrapped(environ, start_response):
        began = time.monotonic()
        body = app(environ, start_response)
        yield from body
        if hasattr(body, "close"):
            body.close()
        environ["wsgi.errors"].write(f"took {time.monotonic() - began:.3f} s {environ['PATH_INFO']}\n")

    return wrapped
