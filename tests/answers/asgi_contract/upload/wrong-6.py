%%writefile upload.py
import hashlib

async def app(scope, receive, send):
    digest, more = hashlib.sha256(), True
    while more:
        event = receive()
        digest.update(event["body"])
        more = event["more_body"]
    await send({"type": "http.response.start", "status": 200})
    await send({"type": "http.response.body", "body": digest.hexdigest().encode()})
