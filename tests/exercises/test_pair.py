"""Two pieces of work: both work where each has a thread, and the second waits where there is one."""

import pytest

from support import Bench
from support.exercises.practice_origins_and_threads.pair import together

APP = """
import asyncio
from pathlib import Path


async def app(scope, receive, send):
    assert scope["type"] == "http"
    _, kind, number = scope["path"].split("/")
    print(f"work {number} begins")
    if kind == "blocking":
        Path(f"go-{number}").read_text()
    else:
        await asyncio.to_thread(Path(f"go-{number}").read_text)
    await send({"type": "http.response.start", "status": 204})
    await send({"type": "http.response.body"})
"""
FIRST = ["works", "works", "answered", "answered"]


@pytest.fixture
def server():
    bench = Bench()
    (bench.folder / "lazy.py").write_text(APP, encoding="utf-8")
    yield bench.run("uvicorn lazy:app")
    bench.close()


@pytest.mark.parametrize(("kind", "meanwhile"), [("threaded", "works"), ("blocking", "waits")])
def test_whether_the_second_waits_is_seen(server, kind, meanwhile):
    drawn = together(server, [f"/{kind}"])
    assert drawn.rows == [(f"GET /{kind} 1", FIRST), (f"GET /{kind} 2", ["idle", meanwhile, "works", "answered"])]
