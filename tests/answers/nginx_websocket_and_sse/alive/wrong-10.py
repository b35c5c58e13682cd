%%writefile alive.py
import asyncio
import time

async def beat(send):
    while True:
        time.sleep(0.4)
        await send({"type": "websocket.send", "text": "beat"})

async def app(scope, receive, send):
    assert scope["type"] == "websocket"
    await receive()
    await send({"type": "websocket.accept"})
    beating = asyncio.create_task(beat(send))
    try:
        while (event := await receive())["type"] == "websocket.receive":
            await send({"type": "websocket.send", "text": event["text"]})
    finally:
        beating.cancel()
