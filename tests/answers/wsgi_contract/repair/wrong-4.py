%%writefile repair.py
def greet(environ, start_response):
    text = "안녕, WSGI!".encode()
    headers = [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(text)))]
    start_response("200 OK", headers)
    return [text]

def move(environ, start_response):
    start_response("302 Found", [("Location", "/new"), ("Content-Type", "text/plain")])

def count(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    for number in range(3):
        yield b"%d\n" % number
