diagnosis = {"A": "Host", "B": "Host", "C": "Upgrade"}
check.three_logs(bench)
