%%writefile broadcast.py
import asyncio

listeners = set()


async def publish(text):
    message = {"type": "websocket.send", "text": text}
    await asyncio.gather(*(send(message) for send in listeners), return_exceptions=True)


async def listen(receive, send):
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
