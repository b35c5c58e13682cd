commands = {
    "bank": "hypercorn",
    "kiosk": "gunicorn -k asgi",
    "photos": "gunicorn -k daphne.server.DaphneWorker",
    "tickets": "uvicorn --http h11 --workers 2",
    "model": "gunicorn -k uvicorn_worker.UvicornWorker --workers 2 --preload",
}
