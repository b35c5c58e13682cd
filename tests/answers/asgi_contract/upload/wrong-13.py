%%writefile upload.py
import hashlib

async def app(scope, receive, send):
    digest = hashlib.sha256()
    while True:
        event = await receive()
        digest.update(event.get("body", b""))
        if not event.get("more_body"):
            break
    await send({"type": "http.response.start", "status": 200})
    await send({"type": "http.response.body", "body": digest.digest()})
