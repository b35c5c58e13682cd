"""The learner's app, recorded; the log says each time that it asks for an event."""

import alive

from support import record


async def asking(scope, receive, send):
    async def asked():
        print(f"asks at {scope['path']}", flush=True)
        return await receive()

    await alive.app(scope, asked if "path" in scope else receive, send)


app = record(asking)
