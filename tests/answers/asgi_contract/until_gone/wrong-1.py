%%writefile leaving.py
import asyncio

async def until_gone(work, receive):
    task = asyncio.create_task(work)
    await receive()
    finished = task.done()
    task.cancel()
    return finished
