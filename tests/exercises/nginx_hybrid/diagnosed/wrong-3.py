diagnosis = {"A": "Host", "B": "slash", "C": "upstream"}
check.three_logs(bench)
