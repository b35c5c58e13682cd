commands = {
    "bank": "hypercorn --workers '2",
    "kiosk": "daphne",
    "photos": "daphne",
    "tickets": "uvicorn --http h11 --workers 2",
    "model": "gunicorn -k uvicorn_worker.UvicornWorker --workers 2 --preload",
}
