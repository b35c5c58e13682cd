commands = {
    "bank": "hypercorn",
    "kiosk": "gunicorn -k asgi",
    "photos": "daphne",
    "tickets": "hypercorn --workers 2",
    "model": "gunicorn -k uvicorn_worker.UvicornWorker --workers 2 --preload",
}
