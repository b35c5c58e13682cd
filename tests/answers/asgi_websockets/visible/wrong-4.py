%%writefile visible.py
def guarded(app, allowed):
    async def wrapped(scope, receive, send):
        if scope["type"] == "websocket":
            event = await receive()
            assert event["type"] == "websocket.connect"
            if not allowed(scope):
                await send({"type": "websocket.accept", "subprotocol": next(iter(scope["subprotocols"]), None)})
                await send({"type": "websocket.close", "code": 4401})
                return
        await app(scope, receive, send)

    return wrapped
