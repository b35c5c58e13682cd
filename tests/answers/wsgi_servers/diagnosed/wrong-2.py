diagnosis = {"A": "client", "B": "app", "C": "client", "D": "app"}
