%%writefile room.py
members = {}

async def app(scope, receive, send):
    await receive()
    await send({"type": "websocket.accept"})
    members[scope["path"]] = send
    try:
        while (event := await receive())["type"] == "websocket.receive":
            for member in list(members.values()):
                try:
                    await member(event | {"type": "websocket.send"})
                except OSError:
                    pass
    finally:
        members.pop(scope["path"], None)
