%%writefile timing.py
import time

def timed(app):
    """The app; when its response is over, wsgi.errors gets one line: took 0.012 s /path"""
    def wrapped(environ, start_response):
        began = time.monotonic()
        body = app(environ, start_response)
        try:
            yield from body
        finally:
            if hasattr(body, "close"):
                body.close()
            print(f"took {time.monotonic() - began:.3f} s {environ['PATH_INFO']}")
    return wrapped
