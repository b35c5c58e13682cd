%%writefile room.py
members = {}


async def app(scope, receive, send):
    assert scope["type"] == "websocket"
    name = scope["query_string"].decode()
    await receive()
    await send({"type": "websocket.accept"})
    members[name] = send
    try:
        while (event := await receive())["type"] == "websocket.receive":
            for member in list(members.values()):
                await member({"type": "websocket.send", "text": f"{name}: {event['text']}"})
    finally:
        del members[name]
