%%writefile broadcast.py
import asyncio

messages = []
more = asyncio.Condition()


async def publish(text):
    async with more:
        messages.append(text)
        more.notify_all()


async def write(send):
    at = len(messages)
    while True:
        async with more:
            await more.wait_for(lambda: len(messages) > at)
        await send({"type": "websocket.send", "text": messages[at]})
        at += 1


async def listen(receive, send):
    writer = asyncio.create_task(write(send))
    try:
        while (await receive())["type"] == "websocket.receive":
            pass
    finally:
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
