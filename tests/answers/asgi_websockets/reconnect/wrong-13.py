%%writefile reconnect.py
import random
import time

from websockets.exceptions import ConnectionClosed, InvalidHandshake


def follow(connect, hear, sleep):
    losses = 0
    while True:
        code = 1006
        try:
            with connect() as ws:
                while True:
                    hear(ws.recv())
                    losses = 0
        except ConnectionClosed:
            code = ws.close_code
        except (OSError, InvalidHandshake):
            pass
        if code in (1000, 4401):
            return code
        if code == 1012:
            continue  # the server comes back at once
        time.sleep(random.random() / 100)
        losses += 1
