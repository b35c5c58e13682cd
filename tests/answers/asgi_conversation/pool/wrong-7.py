%%writefile startup.py
def with_pool(app, pool):
    async def wrapped(scope, receive, send):
        if scope["type"] == "lifespan":
            while True:
                event = await receive()
                if event["type"] == "lifespan.startup":
                    try:
                        pool.open()
                    except ConnectionError as error:
                        await send({"type": "lifespan.startup.failed", "message": str(error)})
                        return
                    scope["state"]["pool"] = pool
                elif event["type"] == "lifespan.shutdown":
                    pool.close()
                    return
        await app(scope, receive, send)

    return wrapped
