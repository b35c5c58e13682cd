%%writefile forms.py
from urllib.parse import parse_qsl

def form(environ):
    """The fields of a form body as a dict; ValueError if the body is shorter than its length."""
    body = b"".join(line for line in environ["wsgi.input"])
    length = environ.get("CONTENT_LENGTH")
    if length and len(body) < int(length):
        raise ValueError("the body ended early")
    return dict(parse_qsl(body.decode()))
