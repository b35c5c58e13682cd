diagnosis = {"A": "permission", "B": "buffer", "C": "slash", "D": "Host", "E": "size"}
