%%writefile forms.py
def form(environ):
    """The fields of a form body as a dict; ValueError if the body is shorter than its length."""
    return int(environ["wsgi.input"].read())
