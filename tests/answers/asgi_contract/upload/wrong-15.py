%%writefile upload.py
import hashlib


async def app(scope, receive, send):
    digest = hashlib.sha256()
    more = True
    while more:
        event = await receive()
        digest.update(event.get("body", b""))
        more = event.get("more_body")
    await send({"type": "http.response.start", "status": 200, "headers": {"Content-Type": "text/plain"}})
    await send({"type": "http.response.body", "body": digest.hexdigest()})
