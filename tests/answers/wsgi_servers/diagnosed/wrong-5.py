diagnosis = {"A": "timeout", "B": "kill", "C": "client", "D": "timeout"}
