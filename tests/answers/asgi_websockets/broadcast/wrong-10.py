%%writefile broadcast.py
import asyncio

listeners = {}  # what waits for a listener, and the task that sends it
WAITING = 1  # nobody may fall behind


def publish(text):
    """Gives the text to every listener, and drops those for whom too much waits."""
    for waiting, writer in listeners.items():
        try:
            waiting.put_nowait(text)
        except asyncio.QueueFull:
            writer.cancel()


async def write(waiting, send):
    """Sends what waits, one after the other."""
    while True:
        await send({"type": "websocket.send", "text": await waiting.get()})


async def gone(receive):
    """Returns when the client has gone."""
    while (await receive())["type"] == "websocket.receive":
        pass


async def listen(receive, send):
    """The call for a listener: returns when it has gone, or was too slow."""
    waiting = asyncio.Queue(WAITING)
    tasks = [asyncio.create_task(write(waiting, send)), asyncio.create_task(gone(receive))]
    listeners[waiting] = tasks[0]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        del listeners[waiting]
        for task in tasks:
            task.cancel()


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
