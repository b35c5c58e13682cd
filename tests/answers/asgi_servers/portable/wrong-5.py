%%writefile everywhere.py
async def app(scope, receive, send):
    event = await receive()
    if scope["type"] == "http":
        body = event["body"]
        status = 200 if scope["path"] == "/" else 404
        headers = [(b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})
    if scope["type"] == "websocket":
        if scope["path"] != "/":
            await send({"type": "websocket.close"})
            return
        await send({"type": "websocket.accept"})
        while True:
            event = await receive()
            if event["type"] == "websocket.disconnect":
                return
            if event.get("text") == "bye":
                await send({"type": "websocket.close"})
                return
            if event.get("text") is not None:
                await send({"type": "websocket.send", "text": "[" + event["text"] + "]"})
            else:
                await send({"type": "websocket.send", "bytes": b"[" + event["bytes"] + b"]"})
