%%writefile leaving.py
import asyncio

async def until_gone(work, receive):
    task = asyncio.create_task(work)
    while (await receive())["type"] != "http.disconnect":
        pass
    finished = task.done()
    task.cancel()
    return finished
