"""The checks of 3-nginx/3.2-websocket-and-sse on real servers, events and silence; and a client that never waits."""

from ..drive import H2C, HANDSHAKE
from .alive import alive
from .listener import Listener
from .streaming import streaming

__all__ = ["H2C", "HANDSHAKE", "Listener", "alive", "streaming"]
