%%writefile timing.py
import time


def timed(app):
    def wrapped(environ, start_response):
        start = time.time()
        body = app(environ, start_response)

        def pieces():
            try:
                yield from body
            finally:
                if hasattr(body, "close"):
                    body.close()
                took = time.time() - start
                print(f"took {took:.3f} s {environ['PATH_INFO']}", file=environ["wsgi.errors"])

        return pieces()

    return wrapped
