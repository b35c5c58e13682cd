commands = {
    "bank": "hypercorn",
    "kiosk": "gunicorn -k asgi",
    "photos": "daphne",
    "tickets": "uvicorn --http h11 --workers 2",
    "model": "gunicorn -k uvicorn_worker.UvicornWorker --preload",
}
