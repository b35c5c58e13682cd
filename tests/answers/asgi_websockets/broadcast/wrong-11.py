%%writefile broadcast.py
import asyncio

WAITING = 16
listeners = {}


def publish(text):
    for waiting, task in list(listeners.items()):
        try:
            waiting.put_nowait(text)
        except asyncio.QueueFull:
            task.cancel()


async def listen(receive, send):
    waiting = asyncio.Queue(WAITING)
    listeners[waiting] = asyncio.current_task()
    try:
        while True:
            await send({"type": "websocket.send", "text": await waiting.get()})
    finally:
        del listeners[waiting]


async def speak(receive):
    """The call for a speaker."""
    while (event := await receive())["type"] == "websocket.receive":
        publish(event["text"])


async def app(scope, receive, send):
    assert scope["type"] == "websocket"
    await receive()
    await send({"type": "websocket.accept"})
    if scope["path"] == "/speak":
        await speak(receive)
    else:
        await listen(receive, send)
