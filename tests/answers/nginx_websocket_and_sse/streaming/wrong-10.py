%%writefile streaming.py
def streaming(app):
    def wrapped(environ, start_response):
        def start(status, headers, exc_info=None):
            kept = [(n, v) for n, v in headers if n.lower() != "content-type"]
            kinds = [v for n, v in headers if n.lower() == "content-type"]
            if kinds and kinds[0].lower().startswith("text/event-stream"):
                headers = [*kept, ("Content-Type", "text/event-stream"), ("X-Accel-Buffering", "no")]
            return start_response(status, headers, exc_info)

        return app(environ, start)

    return wrapped
