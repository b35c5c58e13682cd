%%writefile leaving.py
import asyncio

async def until_gone(work, receive):
    task = asyncio.create_task(work)
    while not task.done():
        event = await receive()
        if event["type"] == "http.disconnect":
            task.cancel()
            return False
    return True
