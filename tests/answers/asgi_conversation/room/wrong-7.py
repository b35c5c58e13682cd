%%writefile room.py
members = set()

async def app(scope, receive, send):
    assert scope["type"] == "websocket"
    await receive()
    await send({"type": "websocket.accept"})
    members.add(send)
    try:
        while (event := await receive())["type"] == "websocket.receive":
            for member in list(members):
                await member(event | {"type": "websocket.send"})
    finally:
        members.discard(send)
