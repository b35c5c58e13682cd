diagnosis = {"A": "socket", "B": "socket", "C": "slash", "D": "Host", "E": "size"}
