"""The client that waits as long as a server has something to do, and no longer."""

import pytest

from support.exercises.asgi_servers.patient import ask, head, talk

# Sends a Close in one breath with its 101, as a server may whose app accepts and closes at once.
HASTY = """
import socket
import sys

from websockets.utils import accept_key

listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
while True:
    client, _ = listener.accept()
    with client:
        request = client.recv(65536).decode()
        if "Sec-WebSocket-Key: " in request:
            accept = accept_key(request.partition("Sec-WebSocket-Key: ")[2].splitlines()[0])
            lines = "HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade"
            head = "\\r\\n".join([*lines, f"Sec-WebSocket-Accept: {accept}", "", ""])
            client.sendall(head.encode() + b"\\x88\\x02\\x0f\\xa1")
            client.recv(65536)
"""
APP = """
async def app(scope, receive, send):
    assert scope["type"] != "lifespan"
    event = await receive()
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"9")]})
        await send({"type": "http.response.body", "body": b"half", "more_body": scope["path"] == "/half"})
    elif scope["path"] == "/silent":
        await receive()
    else:
        await send({"type": "websocket.accept"})
        while scope["path"] == "/echo" and (event := await receive())["type"] == "websocket.receive":
            await send(event | {"type": "websocket.send"})
"""


@pytest.fixture(scope="module")
def hasty(shared):
    (shared.folder / "hasty.py").write_text(HASTY, encoding="utf-8")
    return shared.tap(shared.run("python hasty.py"))


@pytest.fixture(scope="module")
def daphne(shared):
    """The server that leaves open what an app leaves open."""
    (shared.folder / "leaves.py").write_text(APP, encoding="utf-8")
    return shared.tap(shared.run("daphne leaves:app"))


def test_a_close_that_comes_with_the_handshake_is_the_end(hasty):
    seen = talk(hasty, "/", "hello", "bye")
    assert (seen.status, seen.heard, seen.ending) == (101, [], "Close 4001")


def test_a_connection_that_ends_without_an_answer_has_none(hasty):
    assert ask(hasty, head("GET / HTTP/1.1", "Host: bench")).status == "no answer"


def test_what_does_not_come_is_not_waited_for(daphne):
    half = ask(daphne, head("GET /half HTTP/1.1", "Host: bench"))
    assert (half.code, half.whole) == (200, False)
    assert talk(daphne, "/silent").status == 0
    assert talk(daphne, "/returns").ending == "open"


def test_all_that_comes_is_heard(daphne):
    seen = talk(daphne, "/echo", "one", b"\x00", "", "two")  # daphne drops what is empty
    assert seen.heard == ["one", b"\x00", "two"]
    assert seen.ending == "open"
