%%writefile repair.py
def greet(environ, start_response):
    body = "안녕, WSGI!".encode()
    headers = [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(body)))]
    start_response("200 OK", headers)
    return [body]


def move(environ, start_response):
    start_response("302 Found", [("Location", "/new"), ("Content-Type", "text/plain")])
    return [b"moved"]


def count(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    for number in range(3):
        yield f"{number}\n".encode()
