commands = ["hypercorn", "gunicorn -k asgi", "daphne", "uvicorn --workers 2", "gunicorn"]
