diagnosis = "client, kill, client, app"
