"""The pages: answers every request with what it saw of it, as JSON."""

import json

people = set()  # who is in the chat's room, if the chat runs in this process


def app(environ, start_response):
    seen = {name: environ.get(f"HTTP_{name.upper()}", "") for name in ("host", "upgrade", "connection")}
    seen |= {"half": "pages", "target": environ.get("RAW_URI", environ["PATH_INFO"]), "people": len(people)}
    start_response("200 OK", [("Content-Type", "application/json")])
    return [json.dumps(seen).encode()]
