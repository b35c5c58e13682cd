%%writefile leaving.py
import time

async def until_gone(work, receive):
    time.sleep(60)
