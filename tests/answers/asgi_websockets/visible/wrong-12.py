%%writefile visible.py
def guarded(app, allowed):
    async def wrapped(scope, receive, send):
        if scope["type"] == "websocket" and allowed(scope):
            await app(scope, receive, send)
        elif scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.accept"})
            await send({"type": "websocket.close", "code": 4401})

    return wrapped
