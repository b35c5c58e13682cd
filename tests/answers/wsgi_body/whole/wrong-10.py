%%writefile download.py
from pathlib import Path


def app(environ, start_response):
    size = Path("report.bin").stat().st_size
    start_response("200 OK", [("Content-Type", "application/octet-stream"), ("Content-Length", str(size))])
    return environ["wsgi.file_wrapper"](open("report.bin", "rb"), 65536)
