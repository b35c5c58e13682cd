sockets = {
    "-k sync": 0,
    "-k sync --workers 2": 0,
    "-k gthread": 1,
    "--threads 3": 3,
    "-k gthread --threads 4 --worker-connections 2": 2,
    "-k gevent --worker-connections 3": 3,
}
