diagnosis = {"A": "client", "B": "kill", "C": "kill", "D": "app"}
