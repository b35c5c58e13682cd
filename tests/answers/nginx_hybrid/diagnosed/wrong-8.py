diagnosis = {"A": "upstream", "B": "slash", "C": "Upgrade"}
