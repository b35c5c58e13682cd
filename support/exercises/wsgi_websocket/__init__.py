"""The checks of 1-wsgi/1.4-websocket: a frame codec, and how many WebSockets a server holds; both on gunicorn."""

from .codec import codec
from .sockets import sockets

__all__ = ["codec", "sockets"]
