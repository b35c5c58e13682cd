"""The learner's app that the path names, through wsgiref.validate."""

from wsgiref.validate import validator

import repair

from support import record


@record
def app(environ, start_response):
    """Calls the app and has the validator watch it."""
    return validator(getattr(repair, environ["PATH_INFO"][1:]))(environ, start_response)
