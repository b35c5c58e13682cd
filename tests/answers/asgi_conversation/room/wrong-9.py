%%writefile room.py
members = set()

async def app(scope, receive, send):
    assert scope["type"] == "websocket"
    await receive()
    await send({"type": "websocket.accept"})
    members.add(send)
    try:
        while True:
            event = await receive()
            for member in list(members):
                try:
                    await member({"type": "websocket.send", "text": event["text"]})
                except OSError:
                    members.discard(member)
    finally:
        members.discard(send)
