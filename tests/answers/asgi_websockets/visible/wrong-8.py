%%writefile visible.py
def guarded(app, allowed):
    async def wrapped(scope, receive, send):
        if allowed(scope):
            await app(scope, receive, send)
            return
        await receive()
        await send({"type": "websocket.accept", "subprotocol": next(iter(scope["subprotocols"]), None)})
        await send({"type": "websocket.close", "code": 4401})

    return wrapped
