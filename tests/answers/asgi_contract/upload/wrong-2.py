%%writefile upload.py
import hashlib

async def app(scope, receive, send):
    event = await receive()
    await send({"type": "http.response.start", "status": 200})
    await send({"type": "http.response.body", "body": hashlib.sha256(event["body"]).hexdigest().encode()})
