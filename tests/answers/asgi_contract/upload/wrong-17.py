%%writefile upload.py
import hashlib


async def app(scope, receive, send):
    digest = hashlib.sha256()
    more = True
    while more:
        event = await receive()
        if event["type"] == "http.disconnect":
            return
        digest.update(event.get("body", b""))
        more = event.get("more_body", False)
    await send({"type": "http.response.start", "status": 201})
    await send({"type": "http.response.body", "body": digest.hexdigest().encode()})
