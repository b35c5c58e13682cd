"""The app of until_gone: its work and its receive() say in the log how far they came.

Here as in the app of upload the log says at once what the learner's code raised: daphne itself looks only once a
second.
"""

import asyncio

from leaving import until_gone

from support import record
from support.errors import raised


async def work(path, body_is_over):
    """Work of 0.1 s; at /long of 30 s, and at /body until the last piece of the body was received."""
    print("work begins")
    try:
        if path == "/body":
            await asyncio.wait([body_is_over], timeout=2)
        else:
            await asyncio.sleep(30 if path == "/long" else 0.1)
    except asyncio.CancelledError:
        print("work is cancelled")
        try:
            await asyncio.sleep(0.05)
        finally:
            print("work has cleaned up")
        raise
    if path == "/fail":
        raise ValueError("the work failed")
    print("work is done")


@record
async def app(scope, receive, send):
    """Answers 200 if until_gone returned True, else 503."""
    assert scope["type"] == "http"
    body_is_over = asyncio.get_running_loop().create_future()
    waiting = 0  # in receive()

    async def watched_receive():
        nonlocal waiting
        waiting += 1
        try:
            event = await receive()
        finally:
            waiting -= 1
        print("receive() brought", event["type"])
        if not event.get("more_body") and not body_is_over.done():
            body_is_over.set_result(None)
        return event

    try:
        finished = await until_gone(work(scope["path"], body_is_over), watched_receive)
    except BaseException as error:
        print("your code raised", raised(error))
        raise
    print("until_gone returned", finished)
    await asyncio.sleep(0.01)  # what has been cancelled ends now
    if waiting:
        print("receive() is still awaited")
    await send({"type": "http.response.start", "status": 200 if finished is True else 503})
    await send({"type": "http.response.body"})
