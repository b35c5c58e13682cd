%%writefile reconnect.py
import random

from websockets.exceptions import ConnectionClosed


def follow(connect, hear, sleep):
    losses = 0
    while True:
        try:
            with connect() as ws:
                for message in ws:
                    hear(message)
                    losses = 0
                return ws.close_code
        except ConnectionClosed as closed:
            if closed.rcvd.code == 4401:
                return 4401
            if closed.rcvd.code == 1012:
                sleep(random.uniform(5, 30))
                continue
        except Exception:
            pass
        sleep(random.uniform(0, min(30, 2**losses)))
        losses += 1
