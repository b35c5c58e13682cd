diagnosis = {"A": "Host", "B": "slash", "C": "slash"}
