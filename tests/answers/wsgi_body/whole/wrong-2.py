%%writefile download.py
def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "application/octet-stream")])
    with open("report.bin", "rb") as report:
        while piece := report.read(65536):
            yield piece
