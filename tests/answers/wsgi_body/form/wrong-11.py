%%writefile forms.py
from urllib.parse import unquote

def form(environ):
    """The fields of a form body as a dict; ValueError if the body is shorter than its length."""
    body = b""
    if length := environ.get("CONTENT_LENGTH"):
        body = environ["wsgi.input"].read(int(length))
        if len(body) < int(length):
            raise ValueError("the body ended early")
    elif environ.get("wsgi.input_terminated"):
        body = environ["wsgi.input"].read()
    return dict(map(unquote, pair.split("=")) for pair in body.decode().split("&") if pair)
