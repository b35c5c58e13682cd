%%writefile upload.py
import hashlib

async def app(scope, receive, send):
    digest = hashlib.sha256()
    while True:
        event = await receive()
        if event["type"] == "http.disconnect":
            break
        digest.update(event["body"])
    await send({"type": "http.response.start", "status": 200})
    await send({"type": "http.response.body", "body": digest.hexdigest().encode()})
