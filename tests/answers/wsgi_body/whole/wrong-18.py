%%writefile download.py
import os


def app(environ, start_response):
    size = os.path.getsize("report.bin")
    file = open("report.bin", "rb")
    headers = [("Content-Type", "application/octet-stream"), ("Content-Length", str(size))]
    start_response("200 OK", headers)

    sent = []

    def pieces():
        with file:
            while piece := file.read(65536):
                sent.append(len(piece))
                yield piece
        if sum(sent) < size:
            raise OSError("short")

    return pieces()
