%%writefile download.py
import os


def app(environ, start_response):
    report = os.open("report.bin", os.O_RDONLY)
    left = os.fstat(report).st_size
    start_response("200 OK", [("Content-Type", "application/octet-stream"), ("Content-Length", str(left))])
    while piece := os.read(report, 65536):
        left -= len(piece)
        yield piece
    os.close(report)
    if left:
        raise OSError("the file changed")
