%%writefile forms.py
from urllib.parse import parse_qsl, parse_qs


def form(environ):
    length = environ.get("CONTENT_LENGTH")
    stream = environ["wsgi.input"]
    if length:
        body = stream.read(int(length))
        if len(body) < int(length):
            raise ValueError("body is shorter than its length")
    elif environ.get("wsgi.input_terminated"):
        body = stream.read()
    else:
        body = b""
    return dict(parse_qsl(body))
