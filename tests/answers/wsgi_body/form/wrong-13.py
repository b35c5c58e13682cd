%%writefile forms.py
from urllib.parse import parse_qsl


def form(environ):
    body, length = b"", environ.get("CONTENT_LENGTH")
    if length:
        left = int(length)
        while left > 0:
            piece = environ["wsgi.input"].read(min(left, 4096))
            body += piece
            left -= len(piece) or left
    elif environ.get("wsgi.input_terminated"):
        body = environ["wsgi.input"].read()
    return dict(parse_qsl(body.decode()))
