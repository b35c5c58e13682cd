%%writefile download.py
from pathlib import Path


def app(environ, start_response):
    body = Path("report.bin").read_bytes()
    start_response("200 OK", [("Content-Type", "application/octet-stream"), ("Content-Length", str(len(body)))])
    for start in range(0, len(body), 65536):
        yield body[start : start + 65536]
