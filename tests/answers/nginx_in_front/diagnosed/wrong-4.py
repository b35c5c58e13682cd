diagnosis = {"A": "socket", "B": "timeout", "C": "slash", "D": "Host", "E": "size"}
