diagnosis = {"A": "client", "B": "max-requests", "C": "client", "D": "app"}
