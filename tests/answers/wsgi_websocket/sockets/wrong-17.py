sockets = {
    "-k sync": 1,
    "-k sync --workers 2": 2,
    "-k gthread": 1,
    "--threads 3": 1000,
    "-k gthread --threads 4 --worker-connections 2": 2,
    "-k gevent --worker-connections 3": 3,
}
