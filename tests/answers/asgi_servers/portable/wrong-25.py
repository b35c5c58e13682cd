%%writefile everywhere.py
async def app(scope, receive, send):
    if scope["type"] == "http":
        await answer(scope, receive, send)
    elif scope["type"] == "websocket":
        await converse(scope, receive, send)
    else:
        raise NotImplementedError(scope["type"])


async def answer(scope, receive, send):
    body, more = b"", True
    while more:
        event = await receive()
        body += event.get("body", b"")
        more = event.get("more_body", False)
    status = 200 if scope["path"] == "/" else 404
    length = (b"content-length", str(len(body)).encode())
    await send({"type": "http.response.start", "status": status, "headers": [length]})
    await send({"type": "http.response.body", "body": body})


async def converse(scope, receive, send):
    await receive()
    if scope["path"] != "/":
        return await send({"type": "websocket.close"})
    await send({"type": "websocket.accept"})
    while (event := await receive())["type"] == "websocket.receive":
        text = event.get("text")
        if text == "bye":
            return await send({"type": "websocket.close", "code": 4000})
        if text is not None:
            await send({"type": "websocket.send", "text": f"echo: {text}"})
        else:
            await send({"type": "websocket.send", "bytes": b"echo: " + event["bytes"]})
