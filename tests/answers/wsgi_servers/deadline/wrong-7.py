options = {"bills": "--workers 4", "search": "--threads 10", "photos": "--threads 5"}
