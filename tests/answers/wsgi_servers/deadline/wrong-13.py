options = {"bills": "--workers 4", "search": "--threads 5", "photos": "--threads 7"}
