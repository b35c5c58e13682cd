%%writefile leaving.py
import asyncio

async def until_gone(work, receive):
    task = asyncio.create_task(work)

    async def watch():
        while (await receive())["type"] != "http.disconnect":
            pass
        task.cancel()

    watcher = asyncio.create_task(watch())
    try:
        await task
        return True
    except BaseException:
        return False
    finally:
        watcher.cancel()
