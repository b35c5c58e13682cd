%%writefile timing.py
import time


def timed(app):
    def wrapped(environ, start_response):
        start = time.time()
        body = app(environ, start_response)
        try:
            for piece in body:
                yield piece
        finally:
            if hasattr(body, "close"):
                body.close()
        took = time.time() - start
        environ["wsgi.errors"].write(f"took {took:.3f} s {environ['PATH_INFO']}\n")

    return wrapped
