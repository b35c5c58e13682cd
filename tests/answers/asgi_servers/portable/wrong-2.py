%%writefile everywhere.py
async def app(scope, receive, send):
    if scope["type"] == "http":
        body = b""
        more_body = True
        while more_body:
            event = await receive()
            body += event.get("body", b"")
            more_body = event.get("more_body", False)
        status = 200 if scope["path"] == "/" else 404
        headers = [(b"content-length", b"%d" % len(body))]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})
    elif scope["type"] == "websocket":
        assert (await receive())["type"] == "websocket.connect"
        if scope["path"] != "/":
            await send({"type": "websocket.close"})
            return
        await send({"type": "websocket.accept"})
        while True:
            event = await receive()
            if event["type"] == "websocket.disconnect":
                return
            text, data = event.get("text"), event.get("bytes")
            if text == "bye":
                await send({"type": "websocket.close", "code": 1000})
                return
            if text is not None:
                await send({"type": "websocket.send", "text": text})
            else:
                await send({"type": "websocket.send", "bytes": data})
