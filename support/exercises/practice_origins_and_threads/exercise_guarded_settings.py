"""The check's Django settings: a host of its own."""

ALLOWED_HOSTS = ["chat.example"]
SECRET_KEY = "of the check"
