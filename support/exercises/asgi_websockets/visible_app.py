"""The app of visible: the learner's guard around a room and a page. The log says who has come into the room.

The query string says who the client is. A cookie lets a client in.
"""

from visible import guarded

from support import record
from support.errors import raised

COOKIE = b"session=tea"
state = {"started": False}


def allowed(scope):
    """Whether the client of this scope has the cookie. Of a lifespan, which has no client, it knows nothing."""
    return COOKIE in dict(scope["headers"]).get(b"cookie", b"").split(b"; ")


async def inner(scope, receive, send):
    """What is guarded: a lifespan, a page that says whether that has begun, and a room that echoes."""
    if scope["type"] == "lifespan":
        await receive()
        state["started"] = True
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await send({"type": "lifespan.shutdown.complete"})
    elif scope["type"] == "http":
        await send({"type": "http.response.start", "status": 200})
        await send({"type": "http.response.body", "body": b"started" if state["started"] else b"not started"})
    else:
        await room(scope["query_string"].decode(), receive, send)


async def room(name, receive, send):
    """An echo."""
    print("the app was called for", name)
    event = await receive()
    print(f"the app heard {event['type']} first, from {name}")
    await send({"type": "websocket.accept"})
    while (event := await receive())["type"] == "websocket.receive":
        await send(event | {"type": "websocket.send"})


learners = guarded(inner, allowed)


@record
async def app(scope, receive, send):
    """Hands the call to the learner's guard."""
    name = scope.get("query_string", b"").decode() or scope["type"]
    try:
        await learners(scope, receive, send)
    except BaseException as error:
        if not isinstance(error, OSError):  # a send to a client that has given up may raise OSError
            print("your code raised", raised(error))
        raise
    finally:
        print("the call is over for", name)
