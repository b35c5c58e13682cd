%%writefile upload.py
import hashlib

async def app(scope, receive, send):
    digest = hashlib.sha256()
    while True:
        event = await receive()
        if event["type"] == "http.disconnect":
            raise RuntimeError("the client has left")
        digest.update(event.get("body", b""))
        if not event.get("more_body", False):
            break
    await send({"type": "http.response.start", "status": 200})
    await send({"type": "http.response.body", "body": digest.hexdigest().encode()})
