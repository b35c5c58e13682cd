choice = {"brochure": "wsgi", "helpdesk": "wsgi", "lobby": "asgi", "wiki": "upgrade"}
