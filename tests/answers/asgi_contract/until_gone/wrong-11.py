%%writefile leaving.py
import asyncio

async def until_gone(work, receive):
    task = asyncio.create_task(work)

    async def watch():
        while (await receive())["type"] != "http.disconnect":
            pass
        task.cancel()

    asyncio.create_task(watch())
    try:
        await task
        return True
    except asyncio.CancelledError:
        return False
