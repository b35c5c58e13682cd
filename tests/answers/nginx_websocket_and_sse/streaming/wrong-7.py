%%writefile streaming.py
PADDING = b":" + b" " * 4096 + b"\n\n"


def streaming(app):
    def wrapped(environ, start_response):
        for piece in app(environ, start_response):
            yield piece + PADDING

    return wrapped
