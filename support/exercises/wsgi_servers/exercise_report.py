"""An app that makes a report, which takes until its word comes: at once from a file, from an empty pipe never."""

from pathlib import Path


def app(environ, start_response):
    print("the report begins")
    Path(environ["PATH_INFO"][1:]).read_text()
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "6")])
    return [b"report"]
