%%writefile alive.py
import asyncio


async def app(scope, receive, send):
    assert scope["type"] == "websocket"
    await receive()
    await send({"type": "websocket.accept"})
    while (event := await receive())["type"] == "websocket.receive":
        await send({"type": "websocket.send", "text": event["text"]})
        await asyncio.sleep(0.5)
        await send({"type": "websocket.send", "text": "beat"})
