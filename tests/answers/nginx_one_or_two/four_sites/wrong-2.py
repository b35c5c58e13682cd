choice = {"brochure": "wsgi", "helpdesk": "upgrade", "lobby": "asgi", "wiki": "upgrade"}
