%%writefile forms.py
from urllib.parse import parse_qsl

def form(environ):
    """The fields of a form body as a dict; ValueError if the body is shorter than its length."""
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    return dict(parse_qsl(body.decode()))
