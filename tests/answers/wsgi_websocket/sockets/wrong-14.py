sockets = [1, 2, 1, 3, 2, 3]
