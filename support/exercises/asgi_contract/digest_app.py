"""The app of upload: the learner's, watched.

POST /?discard goes to an app that throws every piece away; a GET answers with the largest memory (bytes) that the
process had so far.
"""

import psutil
from upload import app as learners

from support import record
from support.errors import raised

peak, left = 0, False


def look():
    """Notes the memory that the process has now."""
    global peak
    peak = max(peak, psutil.Process().memory_info().rss)


async def app(scope, receive, send):
    """Hands a POST to the learner's app."""
    assert scope["type"] == "http"
    gone = False

    async def watched_receive():
        global left
        nonlocal gone
        look()
        event = await receive()
        if scope["query_string"] == b"small":
            print("receive() brought", event["type"])
        gone = event["type"] == "http.disconnect"
        if gone and not left:
            left = True
            print("a client has left")
        return event

    async def watched_send(event):
        look()
        if gone:
            print("sent after http.disconnect")
        await send(event)

    if scope["method"] == "POST" and scope["query_string"] != b"discard":
        watched = record(call) if scope["query_string"] == b"small" else call
        await watched(scope, watched_receive, watched_send)
        return
    while (await watched_receive()).get("more_body"):
        pass
    look()
    await send({"type": "http.response.start", "status": 200})
    await send({"type": "http.response.body", "body": str(peak).encode()})


async def call(scope, receive, send):
    """The learner's app, called by name as daphne does."""
    try:
        await learners(scope=scope, receive=receive, send=send)
    except BaseException as error:
        if not (left and isinstance(error, OSError)):  # an app may say so that its client has left
            print("your code raised", raised(error))
        raise
    finally:
        print("the call is over")
