%%writefile forms.py
from urllib.parse import parse_qsl

def form(environ):
    """The fields of a form body as a dict; ValueError if the body is shorter than its length."""
    body = b""
    if length := environ.get("CONTENT_LENGTH"):
        body = environ["wsgi.input"].read(int(length))
        if len(body) < int(length):
            raise ValueError("the body ended early")
    elif environ.get("HTTP_TRANSFER_ENCODING") == "chunked":
        body = environ["wsgi.input"].read()
    return dict(parse_qsl(body.decode()))
