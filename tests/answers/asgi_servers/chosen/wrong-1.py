commands = {
    "bank": "uvicorn --http h11",
    "kiosk": "uvicorn",
    "photos": "gunicorn -k asgi",
    "tickets": "gunicorn -k uvicorn_worker.UvicornWorker",
    "model": "uvicorn --workers 2",
}
