%%writefile download.py
from pathlib import Path


def app(environ, start_response):
    report = Path("report.bin")
    length = report.stat().st_size
    start_response("200 OK", [("Content-Type", "application/octet-stream"), ("Content-Length", str(length))])
    with report.open("rb") as opened:
        return iter(lambda: opened.read(65536), b"")
