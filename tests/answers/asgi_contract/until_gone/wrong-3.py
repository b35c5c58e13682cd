%%writefile leaving.py
import asyncio

async def until_gone(work, receive):
    async def gone():
        while (await receive())["type"] != "http.disconnect":
            pass

    task, leaving = asyncio.create_task(work), asyncio.create_task(gone())
    await asyncio.wait([task, leaving], return_when=asyncio.FIRST_COMPLETED)
    return task.done()
