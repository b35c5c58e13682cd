options = {"bills": "--threads 4", "search": "--threads 5", "photos": "--threads 5"}
