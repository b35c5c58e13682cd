"""The check's ASGI app: the learner's consumer at /ws/ROOM/, and no pages."""

import os
import warnings

from channels.routing import ProtocolTypeRouter, URLRouter
from django.core.asgi import get_asgi_application
from django.urls import path

from support import record

os.environ["DJANGO_SETTINGS_MODULE"] = "exercise_settings"
pages = get_asgi_application()

from hall import Hall  # noqa: E402  (a learner's consumer may import models)

sockets = URLRouter([path("ws/<room>/", Hall.as_asgi())])
router = ProtocolTypeRouter({"http": pages, "websocket": sockets})
show = warnings.showwarning


async def with_warnings(scope, receive, send):
    """The router's app. Twisted, once daphne runs, keeps warnings to itself: here a forgotten await must be seen."""
    warnings.showwarning = show
    await router(scope, receive, send)


application = record(with_warnings)
