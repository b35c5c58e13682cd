"""Two pieces of work at once: which of them a server has begun by when, as a timeline whose slots the cell makes."""

import os
import threading
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import httpx
from websockets.sync.client import connect

from ...bench.server import Server
from ...show import Timeline
from ...waiting import until
from ..asleep import asleep

PATIENCE = 60  # seconds for what is sure to come, on however busy a machine
SLOTS = ("1 is sent", "2 is sent", "1 is told to go on", "2 is told to go on")


def together(server: Server, paths: list[str]) -> Timeline:
    """For each path two requests (two WebSocket messages where it begins with /ws/), the second while the first works.

    The work prints `work 1 begins` and waits until something is written into the named pipe `go-1`. A request `waits`
    where it has been sent and the server sleeps without having begun its work.
    """
    rows = []
    for path in paths:
        server.clear()
        kind = "message to" if path.startswith("/ws/") else "GET"
        with ExitStack() as stack:
            send = _messages(server, path, stack) if path.startswith("/ws/") else partial(_get, server, path)
            states = _states(server, send)
        rows += [(f"{kind} {path} {number}", states[number]) for number in (1, 2)]
    return Timeline(SLOTS, rows)


def _states(server: Server, send: Callable[[int], object]) -> dict[int, list[str]]:
    """Sends both, then tells each to go on; the states of both in each slot."""
    states: dict[int, list[str]] = {1: [], 2: []}
    running: dict[int, threading.Thread] = {}
    for number in (1, 2):
        Path(f"go-{number}").unlink(missing_ok=True)
        os.mkfifo(f"go-{number}")
    for number in (1, 2):
        running[number] = threading.Thread(target=send, args=(number,))
        running[number].start()
        until(lambda number=number: _begun(server, number) or asleep(server), PATIENCE)
        _take_down(states, running, server)
    for number in (1, 2):
        Path(f"go-{number}").write_text("go on")
        running[number].join(PATIENCE)
        until(lambda: _begun(server, 2), PATIENCE)
        _take_down(states, running, server)
    return states


def _take_down(states: dict[int, list[str]], running: dict[int, threading.Thread], server: Server) -> None:
    """Adds what is known of both now."""
    for number, told in states.items():
        if number not in running:
            told.append("idle")
        elif not running[number].is_alive():
            told.append("answered")
        else:
            told.append("works" if _begun(server, number) else "waits")


def _begun(server: Server, number: int) -> bool:
    return f"work {number} begins" in server.log()


def _get(server: Server, path: str, number: int) -> None:
    httpx.get(f"{server.url}{path}/{number}", timeout=PATIENCE)


def _messages(server: Server, path: str, stack: ExitStack) -> Callable[[int], object]:
    """What sends a number as a message, each on a WebSocket of its own, and returns once the answer has come."""
    sockets = {number: stack.enter_context(connect(server.ws_url + path)) for number in (1, 2)}

    def send(number: int) -> None:
        sockets[number].send(str(number))
        sockets[number].recv(timeout=PATIENCE)

    return send
