%%writefile download.py
from pathlib import Path


def app(environ, start_response):
    body = Path("report.bin").read_bytes()
    headers = [("Content-Type", "application/octet-stream"), ("Content-Length", str(len(body)))]
    start_response("200 OK", headers)
    return [body]
