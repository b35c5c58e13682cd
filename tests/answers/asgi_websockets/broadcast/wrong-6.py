%%writefile broadcast.py
import asyncio

WAITING = 16
listeners = set()


async def publish(text):
    for waiting in list(listeners):
        if waiting.full():
            listeners.discard(waiting)
        else:
            waiting.put_nowait(text)


async def write(waiting, send):
    while True:
        await send({"type": "websocket.send", "text": await waiting.get()})


async def listen(receive, send):
    waiting = asyncio.Queue(WAITING)
    listeners.add(waiting)
    writer = asyncio.create_task(write(waiting, send))
    try:
        while (await receive())["type"] == "websocket.receive":
            pass
    finally:
        listeners.discard(waiting)
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
