%%writefile reconnect.py
import random


def follow(connect, hear, sleep):
    losses = 0
    while True:
        try:
            with connect() as ws:
                for message in ws:
                    hear(message)
                    losses = 0
            if ws.close_code == 1000:
                return 1000
        except:
            if ws.close_code == 4401:
                return 4401
            if ws.close_code == 1012:
                sleep(random.uniform(5, 30))
                continue
        sleep(random.uniform(0, min(30, 2**losses)))
        losses += 1
