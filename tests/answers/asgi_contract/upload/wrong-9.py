%%writefile upload.py
import hashlib

async def app(scope, receive, send):
    digest = hashlib.sha256()
    event = await receive()
    while event["more_body"]:
        digest.update(event["body"])
        event = await receive()
    await send({"type": "http.response.start", "status": 200})
    await send({"type": "http.response.body", "body": digest.hexdigest().encode()})
