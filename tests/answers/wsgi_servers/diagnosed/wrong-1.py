diagnosis = {"A": "app", "B": "kill", "C": "client", "D": "app"}
