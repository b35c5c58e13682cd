"""The server of reconnect: the path says what becomes of a WebSocket, /TEXT/END: a text, if any, and how it ends.

END is a close code; or fin, a connection that ends without a Close; or 503, a handshake that is refused; or stay.
"""


async def app(scope, receive, send):
    """Does what the path says."""
    assert scope["type"] == "websocket"
    _, text, end = scope["path"].split("/")
    await receive()
    if end == "503":
        await send({"type": "websocket.http.response.start", "status": 503, "headers": []})
        await send({"type": "websocket.http.response.body", "body": b""})
        return
    await send({"type": "websocket.accept"})
    if text:
        await send({"type": "websocket.send", "text": text})
    if end.isdigit():
        await send({"type": "websocket.close", "code": int(end)})
    while end != "fin" and (await receive())["type"] != "websocket.disconnect":
        pass
