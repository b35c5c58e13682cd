options = {"bills": "--workers 2 --threads 2", "search": "--threads 5", "photos": "--threads 5"}
