%%writefile ledger.py
from books import total
from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer

slow_total = database_sync_to_async(total, thread_sensitive=False)


class Ledger(AsyncWebsocketConsumer):
    async def receive(self, text_data):
        await self.send(f"{text_data}: {await slow_total(text_data)}")
