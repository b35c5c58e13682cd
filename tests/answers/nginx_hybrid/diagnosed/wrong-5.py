diagnosis = {"A": "Origin", "B": "slash", "C": "Upgrade"}
