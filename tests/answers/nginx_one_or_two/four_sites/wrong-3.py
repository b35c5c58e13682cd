choice = {"brochure": "wsgi", "helpdesk": "asgi", "lobby": "asgi", "wiki": "upgrade"}
