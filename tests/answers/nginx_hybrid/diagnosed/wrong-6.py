diagnosis = {"A": "slash", "B": "Host", "C": "Upgrade"}
