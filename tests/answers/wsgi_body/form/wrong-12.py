%%writefile forms.py
from urllib.parse import parse_qsl


def form(environ):
    length = environ.get("CONTENT_LENGTH")
    if not length and not environ.get("wsgi.input_terminated"):
        return {}
    body = environ["wsgi.input"].read(int(length or -1))
    if len(body) != int(length or 0):
        raise ValueError("the body ended early")
    return dict(parse_qsl(body.decode()))
