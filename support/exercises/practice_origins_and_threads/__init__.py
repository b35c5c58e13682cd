"""The checks of 4-practice/4.2-origins-and-threads; the chat of 4.1, and what a server does with two pieces of work."""

from ..drive import HANDSHAKE
from ..practice_django_chat import signed_in
from .ledger import ledger
from .pair import together
from .project import lay
from .rules import rules

__all__ = ["HANDSHAKE", "lay", "ledger", "rules", "signed_in", "together"]
