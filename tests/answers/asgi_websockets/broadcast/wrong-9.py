%%writefile broadcast.py
import asyncio
from collections import deque

WAITING = 16
listeners = set()


class Listener:
    def __init__(self):
        self.waiting = deque(maxlen=WAITING)
        self.more = asyncio.Event()


async def publish(text):
    for listener in listeners:
        listener.waiting.append(text)
        listener.more.set()


async def write(listener, send):
    while True:
        await listener.more.wait()
        listener.more.clear()
        while listener.waiting:
            await send({"type": "websocket.send", "text": listener.waiting.popleft()})


async def listen(receive, send):
    listener = Listener()
    listeners.add(listener)
    writer = asyncio.create_task(write(listener, send))
    try:
        while (await receive())["type"] == "websocket.receive":
            pass
    finally:
        listeners.discard(listener)
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
