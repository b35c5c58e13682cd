"""The check's ASGI app: what the learner's guard lets in is accepted, and hears nothing."""

import os

import django
from channels.routing import ProtocolTypeRouter

from support import record

os.environ["DJANGO_SETTINGS_MODULE"] = "exercise_guarded_settings"
django.setup()

from rules import guarded  # noqa: E402  (Channels' validators read the settings)


async def accept(scope, receive, send):
    await receive()
    await send({"type": "websocket.accept"})
    await receive()


application = record(ProtocolTypeRouter({"websocket": guarded(accept)}))
