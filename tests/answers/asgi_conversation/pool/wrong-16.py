%%writefile startup.py

def with_pool(app, pool):
    async def wrapped(scope, receive, send):
        if scope["type"] == "lifespan":
            await receive()
            try:
                await pool.open()
                scope["state"]["pool"] = pool
                await send({"type": "lifespan.startup.complete"})
            except ConnectionError as error:
                await send({"type": "lifespan.startup.failed", "message": str(error)})
                return
            await receive()
            await pool.close()
            await send({"type": "lifespan.shutdown.complete"})
        else:
            await app(scope, receive, send)

    return wrapped
