%%writefile room.py
members = set()

async def app(scope, receive, send):
    assert scope["type"] == "websocket"
    await receive()
    await send({"type": "websocket.accept"})
    members.add(send)
    try:
        while (event := await receive())["type"] == "websocket.receive":
            for member in members:
                try:
                    await member(event | {"type": "websocket.send"})
                except OSError:
                    pass
    finally:
        members.discard(send)
