%%writefile streaming.py
def streaming(app):
    def wrapped(environ, start_response):
        def starting(status, headers, exc_info=None):
            headers = dict(headers)
            if headers.get("Content-Type", headers.get("content-type", "")).lower().startswith("text/event-stream"):
                headers["X-Accel-Buffering"] = "no"
            return start_response(status, list(headers.items()), exc_info)

        return app(environ, starting)

    return wrapped
