%%writefile leaving.py

import asyncio


async def until_gone(work, receive):
    async def watch():
        while (await receive())["type"] != "http.disconnect":
            pass

    working = asyncio.create_task(work)
    watching = asyncio.create_task(watch())
    done, pending = await asyncio.wait({working, watching}, return_when=asyncio.FIRST_COMPLETED)
    for task in pending:
        task.cancel()
        await task
    return working in done
