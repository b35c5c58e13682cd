"""The checks of 1-wsgi/1.3-servers, each on a real gunicorn; what its workers hold, and what its log complains of."""

from .deadline import deadline
from .diagnosis import diagnosed, four_logs
from .workers import complaints, held, places, told_to_stop

__all__ = ["complaints", "deadline", "diagnosed", "four_logs", "held", "places", "told_to_stop"]
