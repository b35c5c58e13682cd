%%writefile hall.py
import os

from channels.generic.websocket import AsyncWebsocketConsumer

LAYER = {
    "BACKEND": "channels_redis.core.RedisChannelLayer",
    "CONFIG": {"hosts": [os.environ["REDIS_URL"]]},
}


class Hall(AsyncWebsocketConsumer):
    async def connect(self):
        self.room = "hall"
        await self.channel_layer.group_add(self.room, self.channel_name)
        await self.accept()

    async def receive(self, text_data):
        await self.channel_layer.group_send(self.room, {"type": "hall.said", "text": text_data})

    async def hall_said(self, event):
        await self.send(event["text"])

    async def disconnect(self, code):
        await self.channel_layer.group_discard(self.room, self.channel_name)
