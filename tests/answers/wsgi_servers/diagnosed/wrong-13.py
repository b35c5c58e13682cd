diagnosis = {"app": "D", "client": "AC", "kill": "B"}
