options = {"bills": "--workers 3", "search": "--threads 5", "photos": "--threads 5"}
