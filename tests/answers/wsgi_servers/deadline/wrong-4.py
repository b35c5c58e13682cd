options = {"bills": "--workers 4", "search": "--workers 5", "photos": "--threads 5"}
