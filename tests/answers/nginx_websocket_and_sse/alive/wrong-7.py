%%writefile alive.py
import asyncio

async def ping(send):
    while True:
        await asyncio.sleep(0.5)
        await send({"type": "websocket.ping"})

async def app(scope, receive, send):
    assert scope["type"] == "websocket"
    await receive()
    await send({"type": "websocket.accept"})
    pinging = asyncio.create_task(ping(send))
    try:
        while (event := await receive())["type"] == "websocket.receive":
            await send({"type": "websocket.send", "text": event["text"]})
    finally:
        pinging.cancel()
