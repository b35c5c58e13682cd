%%writefile download.py
from pathlib import Path


def app(environ, start_response):
    report = Path("report.bin")
    length = str(report.stat().st_size)
    headers = [("Content-Type", "application/octet-stream"), ("Content-Length", length), ("Connection", "close")]
    start_response("200 OK", headers)
    with report.open("rb") as opened:
        while piece := opened.read(65536):
            yield piece
