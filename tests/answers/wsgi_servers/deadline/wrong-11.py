options = ["--workers 4", "--threads 5", "--threads 5"]
