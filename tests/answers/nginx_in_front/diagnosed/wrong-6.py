diagnosis = {"A": "socket", "B": "buffer", "C": "Host", "D": "Host", "E": "size"}
