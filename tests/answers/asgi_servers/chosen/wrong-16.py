commands = {
    "bank": "hypercorn --bind 0.0.0.0:8000",
    "kiosk": "gunicorn -k asgi",
    "photos": "daphne",
    "tickets": "uvicorn --http h11 --workers 2",
    "model": "gunicorn -k uvicorn_worker.UvicornWorker --workers 2 --preload",
}
