"""A page and an echo in FastAPI."""

from fastapi import FastAPI, WebSocket, WebSocketDisconnect
from fastapi.responses import PlainTextResponse

from support import record

app = record(FastAPI())


@app.get("/", response_class=PlainTextResponse)
async def hello():
    return "hello from FastAPI"


@app.websocket("/ws/")
async def echo(websocket: WebSocket):
    await websocket.accept()
    try:
        while True:
            await websocket.send_text(await websocket.receive_text())
    except WebSocketDisconnect:
        return
