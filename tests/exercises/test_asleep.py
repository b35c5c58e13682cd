"""A server that waits sleeps; one whose app works, or that has just been asked, does not."""

import os
import threading

import httpx
import pytest

from support import Bench
from support.exercises.asleep import asleep
from support.waiting import until

APP = """
from pathlib import Path


async def app(scope, receive, send):
    assert scope["type"] == "http"
    print("asked for", scope["path"])
    if scope["path"] == "/wait":
        Path("go").read_text()
    while scope["path"] == "/work" and not Path("stop").exists():
        pass
    await send({"type": "http.response.start", "status": 204})
    await send({"type": "http.response.body"})
"""


@pytest.fixture
def server():
    bench = Bench()
    (bench.folder / "lazy.py").write_text(APP, encoding="utf-8")
    yield bench.run("uvicorn lazy:app")
    bench.close()


@pytest.fixture
def ask(server):
    """Asks in a thread of its own, which is over by the end."""
    asking = []

    def ask(path: str) -> None:
        asking.append(threading.Thread(target=httpx.get, args=(server.url + path,), kwargs={"timeout": 60}))
        asking[-1].start()
        server.log(f"asked for {path}", timeout=20)

    yield ask
    for thread in asking:
        thread.join()


def test_a_server_that_nobody_asks_sleeps(server):
    assert until(lambda: asleep(server), 20)


def test_a_server_whose_app_computes_does_not(server, ask):
    ask("/work")
    try:
        assert not any(asleep(server) for _ in range(3))
    finally:
        (server.folder / "stop").touch()


def test_a_server_whose_app_blocks_sleeps_and_has_not_answered(server, ask):
    os.mkfifo(server.folder / "go")
    ask("/wait")
    try:
        assert until(lambda: asleep(server), 20)
        assert "204" not in server.log()
    finally:
        (server.folder / "go").write_text("go on")


def test_one_that_is_awake_is_enough(server, ask):
    other = Bench.standing().run("uvicorn lazy:app", name="other")
    assert until(lambda: asleep(server, other), 20)
    ask("/work")
    try:
        assert not any(asleep(other, server) for _ in range(3))
    finally:
        (server.folder / "stop").touch()


def test_a_server_whose_worker_computes_does_not(server):
    """gunicorn's own process sleeps all the while."""
    gunicorn = Bench.standing().run("gunicorn -k asgi lazy:app")
    assert until(lambda: asleep(gunicorn), 20)
    asking = threading.Thread(target=httpx.get, args=(gunicorn.url + "/work",), kwargs={"timeout": 60})
    asking.start()
    gunicorn.log("asked for /work", timeout=20)
    try:
        assert not any(asleep(gunicorn) for _ in range(3))
    finally:
        (gunicorn.folder / "stop").touch()
        asking.join()


def test_a_server_that_has_ended_sleeps(server):
    server.stop()
    assert asleep(server)
