%%writefile ledger.py
from books import total
from channels.generic.websocket import WebsocketConsumer


class Ledger(WebsocketConsumer):
    def receive(self, text_data):
        self.send(str(total(text_data)))
