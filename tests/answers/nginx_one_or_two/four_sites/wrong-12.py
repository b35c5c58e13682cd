choice = {"brochure": "wsgi", "helpdesk": "path", "lobby": "upgrade", "wiki": "upgrade"}
