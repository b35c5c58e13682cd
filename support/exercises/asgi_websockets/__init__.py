"""The checks of 2-asgi/2.4-websockets on real servers: a visible 4401, a bounded broadcast, a patient client."""

from .broadcast import broadcast
from .reconnect import reconnect
from .visible import visible

__all__ = ["broadcast", "reconnect", "visible"]
