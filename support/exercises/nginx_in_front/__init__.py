"""The checks of 3-nginx/3.1-in-front, each on real servers: twelve assertions, five logs; and what nginx's log says."""

from .assertions import twelve_assertions
from .diagnosis import diagnosed, five_logs
from .words import told

__all__ = ["diagnosed", "five_logs", "told", "twelve_assertions"]
