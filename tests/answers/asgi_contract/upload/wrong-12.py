%%writefile upload.py
import hashlib

async def app(scope, receive, send):
    headers = dict(scope["headers"])
    left = int(headers[b"content-length"])
    digest = hashlib.sha256()
    while left:
        event = await receive()
        digest.update(event["body"])
        left -= len(event["body"])
    await send({"type": "http.response.start", "status": 200})
    await send({"type": "http.response.body", "body": digest.hexdigest().encode()})
