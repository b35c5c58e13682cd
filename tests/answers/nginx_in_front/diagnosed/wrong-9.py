diagnosis = ["socket", "buffer", "slash", "Host", "size"]
