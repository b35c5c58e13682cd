%%writefile broadcast.py
import asyncio

WAITING = 16
listeners = {}


def publish(text):
    for waiting, writer in listeners.items():
        try:
            waiting.put_nowait(text)
        except asyncio.QueueFull:
            writer.cancel()


async def write(waiting, send):
    while True:
        await send({"type": "websocket.send", "text": await waiting.get()})


async def gone(receive):
    while (await receive())["type"] == "websocket.receive":
        pass


async def listen(receive, send):
    waiting = asyncio.Queue(WAITING)
    writer = listeners[waiting] = asyncio.create_task(write(waiting, send))
    leaving = asyncio.create_task(gone(receive))
    await asyncio.wait([writer, leaving], return_when=asyncio.FIRST_COMPLETED)
    writer.cancel()
    leaving.cancel()


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
