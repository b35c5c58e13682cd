%%writefile broadcast.py
import asyncio

listeners = set()
messages = asyncio.Queue(16)
sender = None


async def send_all():
    while True:
        text = await messages.get()
        for send in list(listeners):
            await send({"type": "websocket.send", "text": text})


async def publish(text):
    await messages.put(text)


async def listen(receive, send):
    global sender
    sender = sender or asyncio.create_task(send_all())
    listeners.add(send)
    try:
        while (await receive())["type"] == "websocket.receive":
            pass
    finally:
        listeners.remove(send)


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
