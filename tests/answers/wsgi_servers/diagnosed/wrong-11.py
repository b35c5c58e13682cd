diagnosis = {"A": "client", "B": "kill", "C": "client", "D": "kill"}
