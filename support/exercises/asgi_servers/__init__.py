"""The checks of 2-asgi/2.3-servers: an echo that is the same on every server, and a server for each list of demands."""

from .chosen import chosen
from .portable import portable

__all__ = ["chosen", "portable"]
