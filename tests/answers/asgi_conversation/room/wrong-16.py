%%writefile room.py

members = set()


async def app(scope, receive, send):
    assert scope["type"] == "websocket"
    members.add(send)
    await receive()
    await send({"type": "websocket.accept"})
    while True:
        event = await receive()
        if event["type"] == "websocket.receive":
            for member in members:
                await member({"type": "websocket.send", "text": event["text"]})
        else:
            members.remove(send)
