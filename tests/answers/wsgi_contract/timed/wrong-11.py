%%writefile timing.py
import time

class timed:
    """The app; when its response is over, wsgi.errors gets one line: took 0.012 s /path"""
    def __init__(self, app):
        self.app = app

    def __call__(self, environ, start_response):
        self.began, self.environ = time.monotonic(), environ
        self.body = self.app(environ, start_response)
        return self

    def __iter__(self):
        return iter(self.body)

    def close(self):
        if hasattr(self.body, "close"):
            self.body.close()
        took = time.monotonic() - self.began
        self.environ["wsgi.errors"].write(f"took {took:.3f} s {self.environ['PATH_INFO']}\n")
