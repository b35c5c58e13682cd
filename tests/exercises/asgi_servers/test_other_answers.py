"""Answers that are right and are not the printed ones pass too."""

from support.exercises.asgi_servers import chosen, portable

# An object for an app, JSON for an answer, a body that is handed on as it comes where its length is known.
EVERYWHERE = """
import json


class App:
    async def __call__(self, scope, receive, send):
        if scope["type"] == "lifespan":
            await receive()
            await send({"type": "lifespan.startup.complete"})
            await receive()
            await send({"type": "lifespan.shutdown.complete"})
        elif scope["type"] == "http":
            await self.request(scope, receive, send)
        else:
            await self.room(scope, receive, send)

    async def request(self, scope, receive, send):
        known = [pair for pair in scope["headers"] if pair[0] == b"content-length"]
        found = scope["path"] == "/"
        await send({"type": "http.response.start", "status": 200 if found else 404, "headers": known if found else []})
        more = True
        while more:
            event = await receive()
            more = event.get("more_body")
            body = event.get("body", b"") if found else b""
            await send({"type": "http.response.body", "body": body, "more_body": bool(more)})

    async def room(self, scope, receive, send):
        assert (await receive())["type"] == "websocket.connect"
        if scope["path"] != "/":
            await send({"type": "websocket.close", "code": 4004, "reason": "no such room"})
            return
        await send({"type": "websocket.accept", "subprotocol": None})
        while True:
            event = await receive()
            if event["type"] == "websocket.disconnect":
                return
            if event.get("text") == "bye":
                await send({"type": "websocket.close", "code": 1000})
            elif event.get("bytes") is None:
                await send({"type": "websocket.send", "text": json.dumps({"said": event["text"]})})
            else:
                await send({"type": "websocket.send", "bytes": event["bytes"] + b"."})


app = App()
"""


def test_another_echo(shared):
    (shared.folder / "everywhere.py").write_text(EVERYWHERE, encoding="utf-8")
    verdict = portable(shared)
    assert verdict, verdict


def test_other_commands(shared):
    commands = {
        "bank": "hypercorn --workers 2",
        "kiosk": "gunicorn -k asgi --workers 2 --preload",
        "photos": "daphne --verbosity 2",
        "tickets": "gunicorn -k uvicorn_worker.UvicornH11Worker",
        "model": "gunicorn --preload -w 3 -k uvicorn_worker.UvicornH11Worker",
    }
    verdict = chosen(shared, commands)
    assert verdict, verdict
