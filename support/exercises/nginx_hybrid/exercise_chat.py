"""The chat: an echo that refuses what a real one would; a plain request is answered as the pages do."""

import json

from exercise_pages import people

from support import record


@record
async def app(scope, receive, send):
    headers = {name.decode(): value.decode() for name, value in scope["headers"]}
    if scope["type"] == "http":
        await tell(scope["path"], headers, send)
    else:
        await talk(scope["path"], headers, receive, send)


async def talk(path, headers, receive, send):
    """Echoes until the client leaves. Nobody gets in from another site's page, or at the path /."""
    await receive()
    site = f"http://{headers['host']}"
    if headers.get("origin", site) != site or path == "/":
        await send({"type": "websocket.close"})
        return
    await send({"type": "websocket.accept"})
    people.add(send)
    while (event := await receive())["type"] == "websocket.receive":
        text = report() if event["text"] == "/report" else event["text"]
        await send({"type": "websocket.send", "text": text})
    people.discard(send)


async def tell(path, headers, send):
    """Answers with what was seen of the request; a handshake that lost its Upgrade is a 404, as in the lesson."""
    seen = {name: headers.get(name, "") for name in ("host", "upgrade", "connection")}
    seen |= {"half": "chat", "target": path, "people": len(people)}
    await send({"type": "http.response.start", "status": 404 if "sec-websocket-key" in headers else 200})
    await send({"type": "http.response.body", "body": json.dumps(seen).encode()})


def report():
    """Blocks the event loop until the check says a word."""
    print("computing a report")
    with open("go-on", encoding="utf-8") as word:
        word.readline()
    return "the report"
