choice = {"brochure": "wsgi", "helpdesk": "path", "lobby": "path", "wiki": "upgrade"}
