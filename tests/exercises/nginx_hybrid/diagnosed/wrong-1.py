diagnosis = {"A": "Connection", "B": "slash", "C": "Upgrade"}
check.three_logs(bench)
