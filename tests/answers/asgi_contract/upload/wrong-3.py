%%writefile upload.py
import hashlib

async def app(scope, receive, send):
    more = True
    while more:
        event = await receive()
        digest = hashlib.sha256(event["body"])
        more = event["more_body"]
    await send({"type": "http.response.start", "status": 200})
    await send({"type": "http.response.body", "body": digest.hexdigest().encode()})
