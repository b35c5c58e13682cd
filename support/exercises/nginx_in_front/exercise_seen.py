"""The app of both upstreams: answers what it saw of the request, as JSON; hands a file over to nginx when asked."""

import json
import os


def app(environ, start_response):
    headers = [("Content-Type", "application/json")]
    if environ["PATH_INFO"] == "/download":
        headers.append(("X-Accel-Redirect", "/private/report.txt"))
    seen = {
        "by": os.environ["ROLE"],
        "target": environ["RAW_URI"],
        "host": environ.get("HTTP_HOST", ""),
        "proto": environ.get("HTTP_X_FORWARDED_PROTO", ""),
        "for": environ.get("HTTP_X_FORWARDED_FOR", ""),
        "length": len(environ["wsgi.input"].read()),
    }
    start_response("200 OK", headers)
    return [json.dumps(seen).encode()]
