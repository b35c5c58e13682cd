%%writefile visible.py
def guarded(app, allowed):
    async def wrapped(scope, receive, send):
        if scope["type"] != "websocket" or allowed(scope):
            await app(scope, receive, send)
            return
        await receive()
        chosen = scope["subprotocols"][0] if scope["subprotocols"] else ""
        await send({"type": "websocket.accept", "subprotocol": chosen})
        await send({"type": "websocket.close", "code": 4401})

    return wrapped
