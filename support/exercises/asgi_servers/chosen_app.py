"""The app of chosen: one path for each demand, and in the log what no client sees."""

import os

from support import record

started = False
print("the model is loaded")


async def lifespan(receive, send):
    """Notes that the server has told of its start."""
    global started
    await receive()
    started = True
    print("worker", os.getpid(), "has started")
    await send({"type": "lifespan.startup.complete"})
    await receive()
    await send({"type": "lifespan.shutdown.complete"})


async def room(scope, receive, send):
    """Fails at /fails once it has accepted; refuses everybody else with an answer of its own, if the server can."""
    await receive()
    if scope["path"] == "/fails":
        await send({"type": "websocket.accept"})
        raise RuntimeError("the room is on fire")
    if "websocket.http.response" in (scope.get("extensions") or {}):
        await send({"type": "websocket.http.response.start", "status": 401, "headers": [(b"content-length", b"8")]})
        await send({"type": "websocket.http.response.body", "body": b"no token"})
    else:
        await send({"type": "websocket.close"})


async def stream(send):
    """Two pieces, without a content-length."""
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]})
    await send({"type": "http.response.body", "body": b"one ", "more_body": True})
    await send({"type": "http.response.body", "body": b"two"})


async def upload(receive, send):
    """Says at once that it has been called, and how much has come in the end."""
    print("the upload has called the app")
    size, more = 0, True
    while more:
        event = await receive()
        size += len(event.get("body", b""))
        more = event.get("more_body", False)
    await answer(send, size)


async def answer(send, words):
    body = str(words).encode()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(body))]})
    await send({"type": "http.response.body", "body": body})


@record
async def app(scope, receive, send):
    """Hands the call on."""
    if scope["type"] == "lifespan":
        await lifespan(receive, send)
    elif scope["type"] == "websocket":
        await room(scope, receive, send)
    elif scope["path"] == "/stream":
        await stream(send)
    elif scope["path"] == "/upload":
        await upload(receive, send)
    else:
        await answer(send, {"/worker": os.getpid(), "/started": started}.get(scope["path"], "hello"))
