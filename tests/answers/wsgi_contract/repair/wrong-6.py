%%writefile repair.py
def greet(environ, start_response):
    text = "안녕, WSGI!".encode()
    headers = [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(text)))]
    start_response("200 OK", headers)
    return [text]

def move(environ, start_response):
    start_response("302 Found", [("Location", "/old"), ("Content-Type", "text/plain")])
    return []

def count(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    yield from (b"0\n", b"1\n", b"2\n")
