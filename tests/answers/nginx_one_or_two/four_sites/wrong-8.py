choice = {"brochure": "wsgi", "helpdesk": "path", "lobby": "wsgi", "wiki": "upgrade"}
