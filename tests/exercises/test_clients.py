"""Clients that wait for a server as long as it has something to do, and no longer."""

import pytest

from support.exercises.asgi_websockets.clients import opened, parted, settles

APP = """
import asyncio, time


async def app(scope, receive, send):
    assert scope["type"] == "websocket"
    await receive()
    if scope["path"] == "/late":
        await asyncio.sleep(0.5)
    if scope["path"] != "/deaf":
        await send({"type": "websocket.accept"})
    if scope["path"] in ("/busy", "/hung"):
        await send({"type": "websocket.send", "text": "now"})
        if scope["path"] == "/hung":
            time.sleep(3600)
        end = time.monotonic() + 2
        while time.monotonic() < end:
            pass
    if scope["path"] == "/late":
        await send({"type": "websocket.close", "code": 4401})
    await receive()
"""


@pytest.fixture(scope="module")
def tap(shared):
    (shared.folder / "answers.py").write_text(APP, encoding="utf-8")
    return shared.tap(shared.run("uvicorn answers:app"))


def test_a_handshake_that_is_not_answered_is_given_up(tap):
    with pytest.raises(TimeoutError):
        opened(tap, "/deaf")


def test_a_server_that_sleeps_for_a_moment_is_waited_for(tap):
    with opened(tap, "/late") as ws:
        assert parted(ws, tap) == 4401


def test_what_stays_open_has_no_code(tap):
    with opened(tap, "/open") as ws:
        assert parted(ws, tap) is None


def test_what_is_over_is_not_waited_for(tap):
    assert settles(tap, lambda: True)
    assert not settles(tap, lambda: False)


def ends(tap):
    return [(message.way, message.name) for message in tap.wire.messages if message.name in ("CLOSE", "FIN", "RST")]


def test_a_server_that_computes_may_answer_the_close_late(tap):
    tap.clear()
    with opened(tap, "/busy") as ws:
        assert ws.recv() == "now"
    assert ends(tap)[:2] == [("→", "CLOSE"), ("←", "CLOSE")]
    assert "RST" not in dict(ends(tap)).values()


def test_a_server_that_hangs_is_given_up(shared):
    tap = shared.tap(shared.run("uvicorn answers:app", name="hung"))
    with opened(tap, "/hung") as ws:
        assert ws.recv() == "now"
    assert ws.close_code == 1006
    assert ends(tap)[0] == ("→", "CLOSE")
    assert ("←", "CLOSE") not in ends(tap)
