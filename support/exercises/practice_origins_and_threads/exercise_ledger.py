"""The check's ASGI app: the learner's consumer at /ws/."""

import os

from channels.routing import ProtocolTypeRouter, URLRouter
from django.core.asgi import get_asgi_application
from django.urls import path

from support import record

os.environ["DJANGO_SETTINGS_MODULE"] = "exercise_ledger_settings"
pages = get_asgi_application()

from ledger import Ledger  # noqa: E402  (a learner's consumer may import models)

sockets = URLRouter([path("ws/", Ledger.as_asgi())])
application = record(ProtocolTypeRouter({"http": pages, "websocket": sockets}))
