%%writefile visible.py
class Unauthorized(Exception):
    code = 4401


def guarded(app, allowed):
    async def wrapped(scope, receive, send):
        if scope["type"] == "websocket" and not allowed(scope):
            await receive()
            await send({"type": "websocket.accept"})
            raise Unauthorized("log in again")
        await app(scope, receive, send)

    return wrapped
