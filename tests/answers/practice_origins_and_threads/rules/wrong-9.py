%%writefile rules.py
from channels.security.websocket import OriginValidator


def guarded(app):
    return OriginValidator(app, ["https://chat.example", "*"])
