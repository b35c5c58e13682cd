import os

from channels.auth import AuthMiddlewareStack
from channels.routing import ProtocolTypeRouter, URLRouter
from channels.security.websocket import AllowedHostsOriginValidator
from django.core.asgi import get_asgi_application
from django.urls import path

from support import record

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mysite.settings")
pages = get_asgi_application()

from mysite.consumers import Chat  # noqa: E402  (only now: section 6)

sockets = AuthMiddlewareStack(URLRouter([path("ws/", Chat.as_asgi())]))
guarded = AllowedHostsOriginValidator(sockets)
application = record(ProtocolTypeRouter({"http": pages, "websocket": guarded}))
