options = {"bills": 4, "search": 5, "photos": 5}
