"""The people of the chat: what one said has come to everybody before the next one speaks."""

from support.exercises.practice_django_chat.people import heard

# A room that delivers to each member from a queue of their own, to the second one only after a while.
ROOM = """
import asyncio
from support import record

queues = []

async def deliver(number, queue, send):
    while True:
        text = await queue.get()
        await asyncio.sleep(0.2 * (number == 1))
        await send({"type": "websocket.send", "text": text})

async def app(scope, receive, send):
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"no form"})
        return
    name, queue = ("ann", "bob")[len(queues)], asyncio.Queue()
    await send({"type": "websocket.accept"})
    delivering = asyncio.create_task(deliver(len(queues), queue, send))
    queues.append(queue)
    await receive()
    while (event := await receive())["type"] == "websocket.receive":
        for each in queues:
            each.put_nowait(f"{name}: {event['text']}")
    delivering.cancel()

app = record(app)
"""


def test_what_is_recorded_is_in_the_order_in_which_they_spoke(bench):
    (bench.folder / "room.py").write_text(ROOM, encoding="utf-8")
    room = bench.run("uvicorn room:app --lifespan off")
    assert heard({"ann": room, "bob": room}) == {"ann": "ann bob", "bob": "ann bob"}
    hellos = [(event.way, event.detail) for event in room.events().only("websocket") if "hello" in event.detail]
    turns = [[("→", "text='hello'"), *[("←", f"text='{name}: hello'")] * 2] for name in ("ann", "bob")]
    assert hellos == [*turns[0], *turns[1]]
