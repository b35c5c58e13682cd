"""The settings of a Django project with Channels, as few as it takes."""

ALLOWED_HOSTS = ["*"]
CHANNEL_LAYERS = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}
DEBUG = True
INSTALLED_APPS = ["channels"]
ROOT_URLCONF = "mysite.urls"
SECRET_KEY = "no secret"
