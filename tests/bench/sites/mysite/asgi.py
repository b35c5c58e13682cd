import os

from channels.routing import ProtocolTypeRouter, URLRouter
from django.core.asgi import get_asgi_application
from django.urls import path

from support import record

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mysite.settings")
pages = get_asgi_application()

from .consumers import Echo  # noqa: E402  (models may be imported once Django is set up)

application = record(ProtocolTypeRouter({"http": pages, "websocket": URLRouter([path("ws/", Echo.as_asgi())])}))
