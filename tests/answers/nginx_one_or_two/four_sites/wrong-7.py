choice = {"brochure": "path", "helpdesk": "path", "lobby": "asgi", "wiki": "upgrade"}
