diagnosis = {"A": "client", "B": "kill", "C": "app", "D": "app"}
