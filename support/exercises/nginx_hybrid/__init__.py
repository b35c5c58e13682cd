"""The checks of 3-nginx/3.3-hybrid, each on real servers: twelve routes, three logs."""

from ..drive import HANDSHAKE
from .diagnosis import diagnosed, three_logs
from .routes import twelve_routes

__all__ = ["HANDSHAKE", "diagnosed", "three_logs", "twelve_routes"]
