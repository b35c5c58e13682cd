options = {"bills": "--workers 4", "search": "-k gevent", "photos": "-k gevent"}
