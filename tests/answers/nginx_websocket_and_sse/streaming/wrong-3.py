%%writefile streaming.py
def streaming(app):
    def wrapped(environ, start_response):
        def starting(status, headers, exc_info=None):
            if ("Content-Type", "text/event-stream") in headers:
                headers.append(("X-Accel-Buffering", "no"))
            return start_response(status, headers, exc_info)

        return app(environ, starting)

    return wrapped
