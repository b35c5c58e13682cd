choice = {"brochure": "asgi", "helpdesk": "path", "lobby": "asgi", "wiki": "upgrade"}
