commands = {
    "bank": "hypercorn",
    "kiosk": "hypercorn",
    "photos": "daphne",
    "tickets": "uvicorn --workers 4",
    "model": "gunicorn -k uvicorn_worker.UvicornWorker --workers 2 --preload",
}
