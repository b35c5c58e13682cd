%%writefile reconnect.py
from websockets.exceptions import ConnectionClosed, WebSocketException


def follow(connect, hear, sleep):
    delay = 1
    while True:
        try:
            with connect() as ws:
                while True:
                    hear(ws.recv())
                    delay = 1
        except ConnectionClosed:
            if ws.close_code in (1000, 4401):
                return ws.close_code
            if ws.close_code == 1012:
                sleep(5)
                continue
        except (OSError, WebSocketException):
            pass
        sleep(delay)
        delay = min(30, delay * 2)
