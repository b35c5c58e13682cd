options = {"bills": "--workers 5", "search": "--threads 5", "photos": "--threads 5"}
