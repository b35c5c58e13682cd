%%writefile repair.py
def greet(environ, start_response):
    body = "안녕, WSGI!".encode()
    start_response("200 OK", [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(body)))])
    return [body]

def move(environ, start_response):
    start_response("302 Found", [("Location", "/new"), ("Content-Type", "text/plain")])
    return []

def count(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    yield from (b"1\n", b"2\n", b"3\n")
