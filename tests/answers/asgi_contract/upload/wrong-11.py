%%writefile upload.py
import hashlib

async def app(scope, receive, send):
    assert scope["type"] == "http"
    digest = hashlib.sha256()
    more = True
    while more:
        event = await receive()
        digest.update(event["body"])
        more = event["more_body"]
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": digest.hexdigest().encode()})
