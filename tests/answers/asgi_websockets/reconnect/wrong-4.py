%%writefile reconnect.py
import random

from websockets.exceptions import ConnectionClosed, InvalidHandshake


def follow(connect, hear, sleep):
    losses = 0
    while True:
        try:
            with connect() as ws:
                for message in ws:
                    hear(message)
                    losses = 0
                return ws.close_code
        except ConnectionClosed:
            if ws.close_code == 4401:
                return 4401
            if ws.close_code == 1012:
                sleep(random.uniform(5, 30))
                continue
        except (OSError, InvalidHandshake):
            pass
        sleep(random.uniform(0, min(30, 2**losses)))
        losses += 1
