%%writefile room.py
members = set()

async def app(scope, receive, send):
    await receive()
    await send({"type": "websocket.accept"})
    members.add(send)
    while (event := await receive())["type"] == "websocket.receive":
        for member in list(members):
            try:
                await member(event | {"type": "websocket.send"})
            except OSError:
                members.discard(member)
