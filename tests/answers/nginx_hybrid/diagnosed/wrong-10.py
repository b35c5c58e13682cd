diagnosis = {"A": "Host", "B": "upstream", "C": "Upgrade"}
