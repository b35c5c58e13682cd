%%writefile codec.py
import time


def encode(opcode, payload, fin=True, mask=b""):
    while True:
        time.sleep(1)


def decode(data):
    return None
