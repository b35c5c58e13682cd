%%writefile room.py
members = set()

async def app(scope, receive, send):
    assert scope["type"] == "websocket"
    await receive()
    await send({"type": "websocket.accept"})
    members.add(send)
    while (event := await receive())["type"] == "websocket.receive":
        for member in members:
            await member({"type": "websocket.send", "text": event["text"]})
