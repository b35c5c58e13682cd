diagnosis = {"A": "socket", "B": "buffer", "C": "slash", "D": "Host", "E": "buffer"}
