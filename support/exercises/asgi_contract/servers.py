"""What the three checks share: an exercise's app on a server, what its log says, and what a client gets."""

import functools
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from ...errors import BenchError
from .. import exercise, expect

SILENCE = 2  # seconds after which nothing more is expected of a server that says nothing


def on_both(check):
    """The check on uvicorn, then on daphne, as one exercise."""

    @exercise
    @functools.wraps(check)
    def both(bench):
        check(bench, "uvicorn")
        return check(bench, "daphne")

    return both


@contextmanager
def serving(bench, program: str, app: str) -> Iterator:
    """The program, serving a copy of one of this package's apps as exercise.py; stopped at the end."""
    shutil.copyfile(Path(__file__).with_name(app), Path(bench.folder, "exercise.py"))
    server = bench.run(f"{program} exercise:app", name="exercise", timeout=20)
    try:
        yield server
    finally:
        server.stop(grace=0.2)


def said(server, text: str, count: int = 1, timeout: float = SILENCE) -> bool:
    """True once the server's log has `count` lines with the text; False after `timeout` seconds."""
    try:
        return bool(server.log(text, count=count, timeout=timeout))
    except BenchError:
        return False


def trouble(server) -> tuple[str, str]:
    """What the log says went wrong in the learner's code, as the first sentence of a message; or nothing."""
    raised = re.search("^your code raised (.*)", server.log(), re.MULTILINE)
    if raised and "coroutine" in raised[1]:
        said(server, "was never awaited")  # Python says so once the traceback is gone
    forgotten = re.search(r"coroutine '(?:\S+\.)?(?:recorded_|watched_)?(\w+)' was never awaited", server.log())
    if forgotten:
        return f"{forgotten[1]}(…) was never awaited. ", f"{forgotten[1]}(…) 앞에 await가 없습니다. "
    if raised:
        words = raised[1].rstrip(".")
        return f"Your code raised {words}. ", f"작성한 코드에서 {words} 예외가 났습니다. "
    return "", ""


def expect_of(server, condition: object, en: str, ko: str) -> None:
    """expect() whose message begins with what the learner's code raised, if it raised."""
    if not condition:
        trouble_en, trouble_ko = trouble(server)
        expect(False, trouble_en + en, trouble_ko + ko)


def ask(server, method: str, path: str, content=None, timeout: float = SILENCE) -> httpx.Response | None:
    """The response; None when there was none in time, or the connection broke."""
    try:
        return httpx.request(method, server.url + path, content=content, timeout=timeout)
    except httpx.TransportError:
        return None
