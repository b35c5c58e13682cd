%%writefile ledger.py
from books import total
from channels.generic.websocket import AsyncWebsocketConsumer


class Ledger(AsyncWebsocketConsumer):
    async def receive(self, text_data):
        await self.send(str(await total(text_data)))
