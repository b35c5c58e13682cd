%%writefile visible.py
def guarded(app, allowed):
    async def wrapped(scope, receive, send):
        if scope["type"] == "websocket" and not allowed(scope):
            await receive()
            await send({"type": "websocket.accept", "subprotocol": next(iter(scope["subprotocols"]), None)})
            await send({"type": "websocket.close", "status": 4401})
            return
        await app(scope, receive, send)

    return wrapped
