%%writefile reconnect.py
import random

from websockets.exceptions import ConnectionClosed, InvalidHandshake


def follow(connect, hear, sleep):
    losses = 0
    while True:
        code = None
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
            sleep(random.randint(5, 30))
            continue
        sleep(random.randint(0, min(30, 2**losses)))
        losses += 1
