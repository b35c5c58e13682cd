%%writefile startup.py

def with_pool(app, pool):
    async def wrapped(scope, receive, send):
        if scope["type"] == "lifespan":
            await receive()
            try:
                pool.open()
                scope["state"]["pool"] = pool
                await send({"type": "lifespan.startup.complete"})
            except ConnectionError as error:
                await send({"type": "lifespan.startup.failed", "message": error})
            await receive()
            pool.close()
            await send({"type": "lifespan.shutdown.complete"})
        else:
            await app(scope, receive, send)

    return wrapped
