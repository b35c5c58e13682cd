diagnosis = {"A": "Host", "B": "slash", "C": "Connection"}
