diagnosis = {"A": "reload", "B": "kill", "C": "client", "D": "app"}
