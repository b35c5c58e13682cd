%%writefile streaming.py
def streaming(app):
    def wrapped(environ, start_response):
        def starting(status, headers, exc_info=None):
            return start_response(status, [*headers, ("X-Accel-Buffering", "no")], exc_info)

        return app(environ, starting)

    return wrapped
