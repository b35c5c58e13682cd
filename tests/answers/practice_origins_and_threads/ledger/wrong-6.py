%%writefile ledger.py
import asyncio

from books import total
from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer


class Ledger(AsyncWebsocketConsumer):
    async def receive(self, text_data):
        asyncio.create_task(self.answer(text_data))

    async def answer(self, account):
        await self.send(str(await database_sync_to_async(total)(account)))
