%%writefile room.py
members = set()

async def app(scope, receive, send):
    await receive()
    await send({"type": "websocket.accept"})
    members.add(send)
    while (event := await receive())["type"] == "websocket.receive":
        for member in members:
            if member is not send:
                await member({"type": "websocket.send", "text": event["text"]})
    members.discard(send)
