%%writefile forms.py
from urllib.parse import parse_qsl


def form(environ):
    body = b""
    if length := environ.get("CONTENT_LENGTH"):
        body = environ["wsgi.input"].read(int(length))
        if len(body) < int(length):
            raise ValueError("the body ended early")
    elif environ.get("wsgi.input_terminated"):
        body = environ["wsgi.input"].read()
    return dict(parse_qsl(body.decode("latin-1"), encoding="latin-1"))
