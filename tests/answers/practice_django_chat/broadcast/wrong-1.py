%%writefile hall.py
import os

from channels.generic.websocket import AsyncWebsocketConsumer

LAYER = {
    "BACKEND": "channels_redis.core.RedisChannelLayer",
    "CONFIG": {"hosts": [os.environ["REDIS_URL"]]},
}
rooms = {}


class Hall(AsyncWebsocketConsumer):
    async def connect(self):
        self.members = rooms.setdefault(self.scope["url_route"]["kwargs"]["room"], [])
        self.members.append(self)
        await self.accept()

    async def receive(self, text_data):
        for member in list(self.members):
            await member.send(text_data)

    async def disconnect(self, code):
        self.members.remove(self)
