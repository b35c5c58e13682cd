%%writefile download.py
from pathlib import Path


def pieces(path):
    with path.open("rb") as report:
        while piece := report.read(65536):
            yield piece


def app(environ, start_response):
    report = Path("report.bin")
    headers = [("Content-Type", "application/octet-stream"), ("Content-Length", str(report.stat().st_size))]
    start_response("200 OK", headers)
    return pieces(report)
