choice = {"brochure": "wsgi", "helpdesk": "path", "lobby": "asgi", "wiki": None}
