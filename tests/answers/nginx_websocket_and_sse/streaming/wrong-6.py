%%writefile streaming.py
def streaming(app):
    def wrapped(environ, start_response):
        body = b"".join(app(environ, start_response))
        return [body]

    return wrapped
