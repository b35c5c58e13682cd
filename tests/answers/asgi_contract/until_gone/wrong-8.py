%%writefile leaving.py
import asyncio

async def until_gone(work, receive):
    async def gone():
        while (await receive())["type"] != "http.disconnect":
            pass
    task, g = asyncio.create_task(work), asyncio.create_task(gone())
    await asyncio.wait([task, g], return_when=asyncio.FIRST_COMPLETED)
    if task.done():
        g.cancel()
        task.result()
        return True
    task.cancel()
    return False
