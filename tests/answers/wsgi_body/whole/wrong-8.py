%%writefile download.py
from pathlib import Path


def pieces(path, length):
    with path.open("rb") as report:
        while length > 0:
            piece = report.read(65536) or bytes(min(length, 65536))
            length -= len(piece)
            yield piece


def app(environ, start_response):
    report = Path("report.bin")
    length = report.stat().st_size
    start_response("200 OK", [("Content-Type", "application/octet-stream"), ("Content-Length", str(length))])
    return pieces(report, length)
