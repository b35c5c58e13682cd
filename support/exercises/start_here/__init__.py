"""The check of 0-start-here."""

from .by_hand import by_hand

__all__ = ["by_hand"]
