%%writefile room.py
import asyncio

queues = set()


async def app(scope, receive, send):
    assert scope["type"] == "websocket"
    await receive()
    await send({"type": "websocket.accept"})
    queue = asyncio.Queue()
    queues.add(queue)

    async def speak():
        while True:
            await send({"type": "websocket.send", "text": await queue.get()})

    async def listen():
        while (event := await receive())["type"] == "websocket.receive":
            for each in queues:
                each.put_nowait(event["text"])
        queues.discard(queue)

    await asyncio.gather(speak(), listen())
