%%writefile alive.py
import asyncio

async def beat(send):
    await asyncio.sleep(0.2)
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
