from channels.generic.websocket import AsyncWebsocketConsumer


class Chat(AsyncWebsocketConsumer):
    groups = ("room",)

    async def connect(self):
        if self.scope["user"].is_authenticated:
            await self.accept()
        else:
            await self.close()

    async def receive(self, text_data):
        text = f"{self.scope['user'].username}: {text_data}"
        await self.channel_layer.group_send("room", {"type": "chat.said", "text": text})

    async def chat_said(self, event):
        await self.send(event["text"])
