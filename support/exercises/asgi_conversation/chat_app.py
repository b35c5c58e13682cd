"""The app of room: the learner's, watched. The query string says who the member is: all come to one path.

ann vanishes at a fixed moment: her app hears of it, and takes her out, only while somebody sends to her, and that
send then raises OSError, as the spec has it.
"""

import asyncio
from contextlib import suppress

from room import app as learners

from support import record
from support.errors import raised

vanished, told, over = False, asyncio.Event(), asyncio.Event()


class Send:
    """A member's send. In a set ann's comes first, so that whoever gives up at her is always found out."""

    def __init__(self, name, send):
        self.name, self.send, self.received, self.left, self.ended = name, send, 0, False, False

    def __repr__(self):
        return f"<send of {self.name}>"

    def __hash__(self):
        return 0 if self.name == "ann" else object.__hash__(self)

    async def __call__(self, event):
        if self.received == 0:
            print("sent before receive")
        if self.ended:
            print("sent after the call for", self.name)
        if self.name == "ann" and vanished:
            told.set()
            with suppress(TimeoutError):
                await asyncio.wait_for(over.wait(), 0.2)
            raise OSError("ann is gone")
        await self.send(event)


@record
async def app(scope, receive, send):
    """Hands the call to the learner's app."""
    assert scope["type"] == "websocket"
    name = scope["query_string"].decode()
    watched_send = Send(name, send)

    async def watched_receive():
        global vanished
        watched_send.received += 1
        if watched_send.received == 2:
            print("the room listens")
        if watched_send.left:
            print("receive() after websocket.disconnect")
        event = await receive()
        watched_send.left = event["type"] == "websocket.disconnect"
        if name == "ann" and watched_send.left:
            vanished = True
            print("ann has vanished")
            await told.wait()
        return event

    try:
        await learners(scope=scope, receive=watched_receive, send=watched_send)
    except BaseException as error:
        if not (watched_send.left and isinstance(error, OSError)):  # a send to a client that has left may raise OSError
            print("your code raised", raised(error))
        raise
    finally:
        watched_send.ended = True
        print("the call is over for", name)
        if name == "ann":
            over.set()
