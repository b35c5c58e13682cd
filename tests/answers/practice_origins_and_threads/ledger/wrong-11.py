%%writefile ledger.py
from books import total
from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer


class Ledger(AsyncWebsocketConsumer):
    async def receive(self, text_data):
        await self.send(str(await database_sync_to_async(total)(text_data, thread_sensitive=False)))
