diagnosis = {"A": "Host", "B": "Host", "C": "Upgrade"}
