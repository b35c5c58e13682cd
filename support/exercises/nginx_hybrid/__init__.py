"""The checks of 3-nginx/3.3-hybrid, each on real servers: twelve routes, three logs, four sites; two tables beside."""

from ..drive import HANDSHAKE
from .arrangements import four_sites
from .diagnosis import diagnosed, three_logs
from .routes import twelve_routes
from .tables import four_stacks, logs

__all__ = ["HANDSHAKE", "diagnosed", "four_sites", "four_stacks", "logs", "three_logs", "twelve_routes"]
