%%writefile timing.py
import time


def timed(app):
    def wrapped(environ, start_response):
        began = time.monotonic()
        body = app(environ, start_response)
        try:
            yield from body
        finally:
            getattr(body, "close", print)()
            took = int(1000 * (time.monotonic() - began))
            environ["wsgi.errors"].write(f"took {took} ms {environ['PATH_INFO']}\n")

    return wrapped
