"""The check's Django settings: the learner's channel layer, and nothing else that matters."""

from hall import LAYER

ALLOWED_HOSTS = ["127.0.0.1"]
CHANNEL_LAYERS = {"default": LAYER}
SECRET_KEY = "of the check"
