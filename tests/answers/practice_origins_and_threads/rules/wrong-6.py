%%writefile rules.py
def guarded(app):
    async def guard(scope, receive, send):
        headers = dict(scope["headers"])
        origin = headers.get(b"origin", b"").decode()
        token = headers.get(b"authorization", b"").decode()
        if origin.startswith("https://chat.example") or (not origin and token == "Bearer tea-for-two"):
            await app(scope, receive, send)
        else:
            await send({"type": "websocket.close"})

    return guard
