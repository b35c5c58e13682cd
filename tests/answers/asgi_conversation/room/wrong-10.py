%%writefile room.py
members = set()

async def app(scope, receive, send):
    await receive()
    await send({"type": "websocket.accept"})
    members.add(send)
    try:
        while (event := await receive())["type"] == "websocket.receive":
            try:
                for member in list(members):
                    await member(event | {"type": "websocket.send"})
            except OSError:
                pass
    finally:
        members.discard(send)
