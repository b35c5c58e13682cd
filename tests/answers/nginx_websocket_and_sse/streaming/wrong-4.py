%%writefile streaming.py
def streaming(app):
    def wrapped(environ, start_response):
        def starting(status, headers, exc_info=None):
            headers = [*headers, ("Cache-Control", "no-cache"), ("Transfer-Encoding", "chunked")]
            return start_response(status, headers, exc_info)

        return app(environ, starting)

    return wrapped
