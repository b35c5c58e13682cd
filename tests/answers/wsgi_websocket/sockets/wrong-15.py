sockets = {
    "-k sync": 2,
    "-k sync --workers 2": 3,
    "-k gthread": 2,
    "--threads 3": 4,
    "-k gthread --threads 4 --worker-connections 2": 3,
    "-k gevent --worker-connections 3": 4,
}
