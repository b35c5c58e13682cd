%%writefile forms.py
def form(environ):
    """The fields of a form body as a dict; ValueError if the body is shorter than its length."""
    body = environ["wsgi.input"].read()
    print(body)
