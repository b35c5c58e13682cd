%%writefile download.py
from pathlib import Path


def chunks(path):
    with path.open("rb") as report:
        while piece := report.read(65000):
            yield b"10000\r\n" + piece + b"\r\n"
    yield b"0\r\n\r\n"


def app(environ, start_response):
    report = Path("report.bin")
    length = report.stat().st_size
    headers = [("Content-Type", "application/octet-stream"), ("Content-Length", str(length))]
    start_response("200 OK", headers)
    return chunks(report)
