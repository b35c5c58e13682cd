%%writefile download.py
from pathlib import Path


def app(environ, start_response):
    report = Path("report.bin")
    length = report.stat().st_size
    start_response("200 OK", [("Content-Type", "application/octet-stream"), ("Content-Length", str(length))])
    try:
        with report.open("rb") as opened:
            while piece := opened.read(65536):
                length -= len(piece)
                yield piece
        if length:
            raise OSError("the file changed")
    except OSError as error:
        print(error)
