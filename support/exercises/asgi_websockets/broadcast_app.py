"""The app of broadcast: the learner's, watched. The query string says who a client is.

What the speaker says becomes a message of SIZE characters. A GET answers with a report: of each call whether it is
over, what it waits for, whether it has waited by the clock, and how much its client has said and was sent; and the
memory that has come to be held.
"""

import asyncio
import contextvars
import functools
import gc
import json
import tracemalloc
from contextlib import contextmanager

from support.errors import raised

SIZE = 65536
CLOCKS = ("sleep", "timeout", "wait", "wait_for")  # of asyncio: what a task may wait in for a time
whose = contextvars.ContextVar("the call in which the code that runs now was begun, in a task of its own too")
calls = {}
errors = []


def clocked(function):
    """The function, which marks the call whose own task calls it with a time."""

    @functools.wraps(function)
    def marking(*args, **kwargs):
        if any(isinstance(given, int | float) and given > 0 for given in (*args, *kwargs.values())):
            for call in calls.values():
                call.clocked = call.clocked or call.task is asyncio.current_task()
        return function(*args, **kwargs)

    return marking


for clock in CLOCKS:
    setattr(asyncio, clock, clocked(getattr(asyncio, clock)))
from broadcast import app as learners  # noqa: E402  its `from asyncio import …` finds the functions that mark


class Call:
    """A call of the learner's app: its receive and send, watched."""

    def __init__(self, name, receive, send):
        self.name, self._receive, self._send = name, receive, send
        self.task = asyncio.current_task()
        self.waits, self.heard, self.sent = [], 0, 0
        self.over = self.given_up = self.clocked = False

    @contextmanager
    def waiting(self, what):
        """Holds what is waited for, and by whom, as long as that lasts."""
        entry = [what, whose.get()]
        self.waits.append(entry)
        try:
            yield
        finally:
            self.waits.remove(entry)

    async def receive(self):
        """The next event; what the speaker says is as long as a message is to be."""
        with self.waiting("receive()"):
            event = await self._receive()
        self.heard += event["type"] == "websocket.receive"
        return event | {"text": event["text"].ljust(SIZE)} if event.get("text") else event

    async def send(self, event):
        """Counts the messages for which send has returned, and holds whether another call has given up waiting."""
        try:
            with self.waiting(event["type"]):
                await self._send(event)
        except asyncio.CancelledError:
            self.given_up = self.given_up or whose.get() != self.name
            raise
        self.sent += event["type"] == "websocket.send"

    @property
    def report(self):
        told = {"heard": self.heard, "sent": self.sent, "waits": self.waits, "over": self.over}
        return told | {"given up": self.given_up, "clocked": self.clocked}


def memory():
    """The bytes that Python's objects hold, of those that came into being since tracemalloc was started."""
    gc.collect()
    return tracemalloc.get_traced_memory()[0]


async def app(scope, receive, send):
    """Hands a WebSocket to the learner's app."""
    assert scope["type"] != "lifespan"
    if scope["type"] == "http":
        report = {"calls": {name: call.report for name, call in calls.items()}, "memory": memory(), "errors": errors}
        await send({"type": "http.response.start", "status": 200})
        await send({"type": "http.response.body", "body": json.dumps(report).encode()})
        return
    name = scope["query_string"].decode()
    whose.set(name)
    call = calls[name] = Call(name, receive, send)
    try:
        await learners(scope, call.receive, call.send)
    except BaseException as error:
        # A send to a client that has left may raise OSError, and to be cancelled is one way to be dropped.
        if not isinstance(error, OSError | asyncio.CancelledError):
            errors.append(raised(error))
        raise
    finally:
        call.over = True


tracemalloc.start()
