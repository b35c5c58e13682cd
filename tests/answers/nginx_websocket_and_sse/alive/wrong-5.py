%%writefile alive.py
import time

async def app(scope, receive, send):
    assert scope["type"] == "websocket"
    await receive()
    await send({"type": "websocket.accept"})
    while (event := await receive())["type"] == "websocket.receive":
        await send({"type": "websocket.send", "text": event["text"]})
        for _ in range(20):
            time.sleep(0.5)
            await send({"type": "websocket.send", "text": "beat"})
