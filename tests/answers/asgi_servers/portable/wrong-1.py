%%writefile everywhere.py
async def app(scope, receive, send):
    if scope["type"] == "http":
        body = b""
        while True:
            event = await receive()
            body += event["body"]
            if not event["more_body"]:
                break
        if scope["path"] == "/":
            await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]})
            await send({"type": "http.response.body", "body": body})
        else:
            await send({"type": "http.response.start", "status": 404, "headers": []})
            await send({"type": "http.response.body", "body": b"not found"})
    if scope["type"] == "websocket":
        await receive()
        if scope["path"] != "/":
            await send({"type": "websocket.close", "code": 1000})
            return
        await send({"type": "websocket.accept"})
        while True:
            event = await receive()
            if event["type"] == "websocket.disconnect":
                break
            if event.get("text") == "bye":
                await send({"type": "websocket.close", "code": 1000})
                break
            await send(event | {"type": "websocket.send"})
