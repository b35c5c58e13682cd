%%writefile leaving.py
import asyncio

async def until_gone(work, receive):
    try:
        await asyncio.wait_for(work, 0.5)
        return True
    except asyncio.TimeoutError:
        return False
