diagnosis = {"A": "socket", "B": "buffer", "C": "slash", "D": "slash", "E": "size"}
