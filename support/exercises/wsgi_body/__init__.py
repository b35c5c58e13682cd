"""The checks of 1-wsgi/1.2-body: a form reader and a download that one can trust, both on gunicorn."""

from .download import whole
from .forms import form

__all__ = ["form", "whole"]
