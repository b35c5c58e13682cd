%%writefile rules.py
from channels.security.websocket import OriginValidator, WebsocketDenier


def guarded(app):
    browsers = OriginValidator(app, ["https://chat.example"])

    async def guard(scope, receive, send):
        headers = dict(scope["headers"])
        if b"origin" in headers:
            await browsers(scope, receive, send)
        elif headers.get(b"authorization") == b"Bearer tea-for-two":
            await app(scope, receive, send)
        else:
            await send({"type": "websocket.accept"})
            await send({"type": "websocket.close", "code": 4403})

    return guard
