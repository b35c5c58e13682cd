"""The check of 3-nginx/3.4-one-or-two on real servers, four sites; and a client that asks inside of a tunnel."""

from ..drive import HANDSHAKE
from .arrangements import four_sites
from .tunnel import inside

__all__ = ["HANDSHAKE", "four_sites", "inside"]
