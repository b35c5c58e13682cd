%%writefile alive.py
import asyncio


async def beat(send):
    while True:
        await asyncio.sleep(0.5)
        await send({"type": "websocket.send", "text": "beat"})


async def app(scope, receive, send):
    assert scope["type"] == "websocket"
    await receive()
    await send({"type": "websocket.accept"})
    beating = asyncio.create_task(beat(send))
    try:
        while (await receive())["type"] == "websocket.receive":
            pass
    finally:
        beating.cancel()
