%%writefile download.py
from pathlib import Path

LENGTH = str(Path("report.bin").stat().st_size)


def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "application/octet-stream"), ("Content-Length", LENGTH)])
    with open("report.bin", "rb") as report:
        while piece := report.read(65536):
            yield piece
