%%writefile download.py
import os


def app(environ, start_response):
    size = os.path.getsize("report.bin")
    headers = [("Content-Type", "application/octet-stream"), ("Content-Length", str(size))]
    start_response("200 OK", headers)
    return open("report.bin", "rb")
