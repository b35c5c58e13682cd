diagnosis = {"A": "port", "B": "buffer", "C": "slash", "D": "Host", "E": "size"}
