%%writefile visible.py
def guarded(app, allowed):
    async def wrapped(scope, receive, send):
        if scope["type"] == "websocket" and not allowed(scope):
            await receive()
            await send({"type": "websocket.accept", "subprotocol": scope["subprotocols"][0]})
            await send({"type": "websocket.close", "code": 4401, "reason": "log in again"})
            return
        await app(scope, receive, send)

    return wrapped
