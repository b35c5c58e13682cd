"""The check of 4-practice/4.1-django-chat, over two processes; and people who sign in to the chat and speak."""

from ..drive import HANDSHAKE
from .broadcast import broadcast
from .people import drained, heard, signed_in

__all__ = ["HANDSHAKE", "broadcast", "drained", "heard", "signed_in"]
