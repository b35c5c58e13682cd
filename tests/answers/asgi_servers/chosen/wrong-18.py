commands = {
    "bank": "hypercorn",
    "kiosk": ["gunicorn", "-k", "asgi"],
}
