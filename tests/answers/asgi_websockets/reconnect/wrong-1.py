%%writefile reconnect.py
from websockets.exceptions import ConnectionClosed


def follow(connect, hear, sleep):
    while True:
        try:
            with connect() as ws:
                for message in ws:
                    hear(message)
            return ws.close_code
        except (ConnectionClosed, OSError):
            sleep(1)
