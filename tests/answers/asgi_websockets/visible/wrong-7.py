%%writefile visible.py
def guarded(app, allowed):
    async def wrapped(scope, receive, send):
        if scope["type"] == "websocket" and not allowed(scope):
            await receive()
            await send({"type": "websocket.http.response.start", "status": 401, "headers": []})
            await send({"type": "websocket.http.response.body", "body": b"4401"})
            return
        await app(scope, receive, send)

    return wrapped
