%%writefile ledger.py
import os

from books import total
from channels.generic.websocket import AsyncWebsocketConsumer

os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"


class Ledger(AsyncWebsocketConsumer):
    async def receive(self, text_data):
        await self.send(str(total(text_data)))
