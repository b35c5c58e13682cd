%%writefile broadcast.py
import asyncio

WAITING = 16
listeners = {}


async def publish(text):
    for waiting, writer in list(listeners.items()):
        try:
            await asyncio.wait_for(waiting.put(text), 0.05)
        except TimeoutError:
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
    listeners.pop(waiting, None)
    writer.cancel()
    leaving.cancel()


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
