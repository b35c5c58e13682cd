"""An app that makes a report, which takes until its word comes: from a file at once, from a named pipe when it may."""

from pathlib import Path


def app(environ, start_response):
    print("the report begins")
    Path(environ["PATH_INFO"][1:]).read_text()
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "6")])
    return [b"report"]
