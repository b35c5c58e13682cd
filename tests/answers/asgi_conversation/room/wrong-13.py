%%writefile room.py
import asyncio

members = []


async def app(scope, receive, send):
    assert scope["type"] == "websocket"
    await receive()
    await send({"type": "websocket.accept"})
    members.append(send)
    while True:
        event = await receive()
        if event["type"] == "websocket.disconnect":
            members.remove(send)
            break
        message = {"type": "websocket.send", "text": event["text"]}
        await asyncio.gather(*(member(message) for member in members))
