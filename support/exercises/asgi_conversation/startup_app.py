"""The app of pool: the learner's with_pool around pages, with a database that DATABASE says is up or down.

What happens in the lifespan is written into a file, because a server that does not start leaves nothing else to read.
"""

import os
from pathlib import Path

from startup import with_pool

from support import record
from support.errors import raised

DOWN = os.environ.get("DATABASE") == "down"


def note(what):
    """Adds a line to what happened."""
    with Path("lifespan.txt").open("a") as happened:
        happened.write(f"{what}\n")


class Pool:
    """A connection pool whose database is up or down."""

    state = "not open"

    def open(self):
        """Raises ConnectionError if the database is down."""
        note("open() raises" if DOWN else "open()")
        if DOWN:
            raise ConnectionError("no database at db:5432")
        self.state = "open"

    def close(self):
        """Releases the connections."""
        note("close()")
        self.state = "closed"


async def pages(scope, receive, send):
    """Says in what state it finds the pool: to whoever asks, and into a WebSocket."""
    if scope["type"] == "lifespan":
        raise RuntimeError("lifespan is not mine")
    pool = scope.get("state", {}).get("pool")
    words = pool.state if isinstance(pool, Pool) else f"{pool!r}"
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.accept"})
        await receive()
    else:
        await send({"type": "http.response.start", "status": 200})
        await send({"type": "http.response.body", "body": words.encode()})


learners = with_pool(pages, Pool())


@record
async def app(scope, receive, send):
    """Hands the call to the learner's app, and writes down what happens in the lifespan."""
    if scope.get("path") == "/telegram":
        scope = scope | {"type": "telegram"}
    lives = scope["type"] == "lifespan"
    failed = False

    async def watched_receive():
        if failed:
            note("receive()")
        event = await receive()
        if lives:
            note(event["type"])
        return event

    async def watched_send(event):
        nonlocal failed
        failed = event["type"] == "lifespan.startup.failed"
        if lives:
            note(event["type"])
        if failed and not isinstance(event.get("message", ""), str):
            note(f"message of type {type(event['message']).__name__}")
        await send(event)

    try:
        await learners(scope, watched_receive, watched_send)
    except (Exception, SystemExit) as error:
        if lives:
            note(f"raised {raised(error)}")
        print("your code raised", raised(error))
        raise
