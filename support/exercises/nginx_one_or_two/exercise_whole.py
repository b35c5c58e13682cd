"""The whole site in one ASGI process: the chat, and the pages through an adapter."""

import exercise_chat
import exercise_pages
from asgiref.wsgi import WsgiToAsgi

pages = WsgiToAsgi(exercise_pages.app)


async def app(scope, receive, send):
    await (exercise_chat.app if scope["type"] == "websocket" else pages)(scope, receive, send)
