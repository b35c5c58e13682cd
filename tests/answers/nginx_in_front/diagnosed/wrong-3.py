diagnosis = {"A": "502", "B": "buffer", "C": "slash", "D": "Host", "E": "size"}
