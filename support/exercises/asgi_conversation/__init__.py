"""The checks of 2-asgi/2.2-conversation on real servers: a chat room, and a startup that may fail."""

from .chat import room
from .startup import pool

__all__ = ["pool", "room"]
