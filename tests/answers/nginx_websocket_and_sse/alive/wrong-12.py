%%writefile alive.py
import asyncio


async def beat(send):
    while True:
        await asyncio.sleep(1.4)
        await send({"type": "websocket.send", "text": "beat"})


async def app(scope, receive, send):
    assert scope["type"] == "websocket"
    await receive()
    await send({"type": "websocket.accept"})
    task = asyncio.create_task(beat(send))
    try:
        while (event := await receive())["type"] == "websocket.receive":
            await send({"type": "websocket.send", "text": event["text"]})
    finally:
        task.cancel()
