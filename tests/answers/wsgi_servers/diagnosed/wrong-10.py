diagnosis = {"A": "client", "B": "kill", "C": "max-requests", "D": "app"}
