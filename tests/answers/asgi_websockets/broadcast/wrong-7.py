%%writefile broadcast.py
import asyncio

WAITING = 16
listeners = {}


async def publish(text):
    for waiting, send in list(listeners.items()):
        try:
            waiting.put_nowait(text)
        except asyncio.QueueFull:
            await send({"type": "websocket.close", "code": 1013, "reason": "too slow"})


async def listen(receive, send):
    waiting = asyncio.Queue(WAITING)
    listeners[waiting] = send

    async def write():
        while True:
            await send({"type": "websocket.send", "text": await waiting.get()})

    writer = asyncio.create_task(write())
    try:
        while (await receive())["type"] == "websocket.receive":
            pass
    finally:
        del listeners[waiting]
        writer.cancel()


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
