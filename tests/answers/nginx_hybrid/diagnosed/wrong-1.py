diagnosis = {"A": "Connection", "B": "slash", "C": "Upgrade"}
