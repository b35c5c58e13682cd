%%writefile streaming.py
def streaming(app):
    def wrapped(environ, start_response):
        def starting(status, headers, exc_info=None):
            if ("Content-Type", "text/event-stream") in headers:
                headers = [*headers, ("X-Accel-Buffering", "no")]

        return app(environ, starting)

    return wrapped
