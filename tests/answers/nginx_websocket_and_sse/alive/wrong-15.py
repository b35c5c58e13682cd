%%writefile alive.py
import asyncio


async def beat(send):
    while True:
        await asyncio.sleep(0.4)
        await send({"type": "websocket.send", "text": "beat"})


async def app(scope, receive, send):
    assert scope["type"] == "websocket"
    await receive()
    beating = None
    while (event := await receive())["type"] == "websocket.receive":
        beating = beating or asyncio.create_task(beat(send))
        await send({"type": "websocket.send", "text": event["text"]})
    if beating:
        beating.cancel()
