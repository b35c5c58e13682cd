"""The check's Django settings: a database."""

ALLOWED_HOSTS = ["127.0.0.1"]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "ledger.sqlite3"}}
SECRET_KEY = "of the check"
