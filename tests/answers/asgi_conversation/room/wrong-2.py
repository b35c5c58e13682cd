%%writefile room.py
members = set()

async def app(scope, receive, send):
    members.add(send)
    while (event := await receive())["type"] != "websocket.disconnect":
        if event["type"] == "websocket.receive":
            for member in members:
                await member({"type": "websocket.send", "text": event["text"]})
