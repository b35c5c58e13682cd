%%writefile streaming.py
def streaming(app):
    def wrapped(environ, start_response):
        def starting(status, headers, exc_info=None):
            if dict(headers).get("Content-Type", "").startswith("text/event-stream"):
                headers = [*headers, ("X-Accel-Buffering", "off")]
            return start_response(status, headers, exc_info)

        return app(environ, starting)

    return wrapped
