diagnosis = {"A": "Host", "B": "slash", "C": "upstream"}
