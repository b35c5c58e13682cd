%%writefile leaving.py
import asyncio

async def until_gone(work, receive):
    async def gone():
        while (await receive())["type"] != "http.disconnect":
            pass
        return False

    async def done():
        await work
        return True

    results = await asyncio.gather(done(), gone())
    return all(results)
