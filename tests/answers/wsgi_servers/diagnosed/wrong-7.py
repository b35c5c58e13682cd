diagnosis = {"A": "client", "B": "reload", "C": "client", "D": "app"}
