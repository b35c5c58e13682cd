%%writefile timing.py
import time

def timed(app):
    """The app; when its response is over, wsgi.errors gets one line: took 0.012 s /path"""
    def wrapped(environ, start_response):
        began = time.monotonic()
        try:
            for piece in app(environ, start_response):
                yield piece
        finally:
            environ["wsgi.errors"].write(f"took {time.monotonic() - began:.3f} s {environ['PATH_INFO']}\n")
    return wrapped
