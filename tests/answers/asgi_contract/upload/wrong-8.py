%%writefile upload.py
import hashlib
digest = hashlib.sha256()

async def app(scope, receive, send):
    more = True
    while more:
        event = await receive()
        digest.update(event["body"])
        more = event["more_body"]
    await send({"type": "http.response.start", "status": 200})
    await send({"type": "http.response.body", "body": digest.hexdigest().encode()})
