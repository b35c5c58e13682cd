sockets = {
    "-k sync": 1,
    "-k sync --workers 2": 2,
    "-k gthread": 1,
    "--threads 3": 3,
    "-k gthread --threads 4 --worker-connections 2": 4,
    "-k gevent --worker-connections 3": 3,
}
