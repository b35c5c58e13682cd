"""The checks of 2-asgi/2.1-contract: each drives the learner's app on uvicorn, then on daphne."""

from .departure import until_gone
from .digest import upload

__all__ = ["until_gone", "upload"]
