commands = {
    "bank": "hypercorn",
    "kiosk": "daphne",
    "photos": "uvicorn",
    "tickets": "uvicorn --http h11 --workers 2",
    "model": "gunicorn -k uvicorn_worker.UvicornWorker --workers 2 --preload",
}
