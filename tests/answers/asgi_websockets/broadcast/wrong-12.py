%%writefile broadcast.py
import asyncio

PATIENCE = 0.2  # seconds
listeners = set()


async def publish(text):
    for send in list(listeners):
        try:
            await asyncio.wait_for(send({"type": "websocket.send", "text": text}), PATIENCE)
        except (TimeoutError, OSError):
            listeners.discard(send)


async def listen(receive, send):
    listeners.add(send)
    try:
        while (await receive())["type"] == "websocket.receive":
            pass
    finally:
        listeners.discard(send)


async def speak(receive):
    """The call for a speaker."""
    while (event := await receive())["type"] == "websocket.receive":
        await publish(event["text"])


async def app(scope, receive, send):
    assert scope["type"] == "websocket"
    await receive()
    await send({"type": "websocket.accept"})
    if scope["path"] == "/speak":
        await speak(receive)
    else:
        await listen(receive, send)
