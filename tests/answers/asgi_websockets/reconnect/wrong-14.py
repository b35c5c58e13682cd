%%writefile reconnect.py
import random

from websockets.exceptions import ConnectionClosed, InvalidHandshake


async def follow(connect, hear, sleep):
    """Hands every message to hear(), through all losses. Returns the close code that ended it for good."""
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
            sleep(random.uniform(5, 30))
        else:
            sleep(random.uniform(0, min(30, 2**losses)))
            losses += 1
