%%writefile upload.py
import hashlib

async def app(scope, receive, send):
    body = b""
    more = True
    while more:
        event = await receive()
        body += event["body"]
        more = event["more_body"]
    await send({"type": "http.response.start", "status": 200})
    await send({"type": "http.response.body", "body": hashlib.sha256(body).hexdigest().encode()})
