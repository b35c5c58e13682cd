choice = {"brochure": "gunicorn", "helpdesk": "path", "lobby": "asgi", "wiki": "upgrade"}
