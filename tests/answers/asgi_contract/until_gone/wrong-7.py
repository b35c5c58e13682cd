%%writefile leaving.py
import asyncio

async def until_gone(work, receive):
    async def gone():
        await receive()
        await receive()
    task, g = asyncio.create_task(work), asyncio.create_task(gone())
    await asyncio.wait([task, g], return_when=asyncio.FIRST_COMPLETED)
    done = task.done()
    for t in (task, g): t.cancel()
    await asyncio.wait([task, g])
    if done: task.result()
    return done
