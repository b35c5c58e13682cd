"""Two pieces of work at once: which of them a server has begun by when, as a timeline whose slots the cell makes."""

import os
import threading
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from websockets.sync.client import connect

from ...bench.server import Server
from ...show import Timeline
from ...waiting import until
from ..asleep import asleep

PATIENCE = 60  # seconds for what is sure to come, on however busy a machine
SLOTS = ("the first is sent", "the second is sent", "the first is told to go on", "the second is told to go on")


def together(server: Server, paths: list[str | tuple[str, str]]) -> Timeline:
    """For each path two requests (two WebSocket messages where it begins with /ws/), the second while the first works.

    Of two paths the first goes to one and the second to the other. The work prints `work 1 begins` and waits until
    something is written into the named pipe `go-1`. A request `waits` where it has been sent and the server sleeps
    without having begun its work.
    """
    rows = []
    for each in paths:
        server.clear()
        pair = (each, each) if isinstance(each, str) else each
        messages = pair[0].startswith("/ws/")
        kind = "message to" if messages else "GET"
        with ExitStack() as stack:
            send = (_messages if messages else _requests)(server, dict(enumerate(pair, 1)), stack)
            states = _states(server, send)
        rows += [(f"{kind} {path} {number}", states[number]) for number, path in enumerate(pair, 1)]
    return Timeline(SLOTS, rows)


def _states(server: Server, send: Callable[[int], Callable[[], object]]) -> dict[int, list[str]]:
    """Sends both, then tells each to go on; the states of both in each slot. What `send` gives waits for the answer."""
    states: dict[int, list[str]] = {1: [], 2: []}
    running: dict[int, threading.Thread] = {}
    for number in (1, 2):
        Path(f"go-{number}").unlink(missing_ok=True)
        os.mkfifo(f"go-{number}")
    for number in (1, 2):
        running[number] = threading.Thread(target=send(number))  # it has been sent before anybody looks who sleeps
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


def _requests(server: Server, paths: dict[int, str], stack: ExitStack) -> Callable[[int], Callable[[], object]]:
    """What sends a GET of its path and its number, on a connection of its own; its end is the answer's."""
    clients = {number: stack.enter_context(server.connect(PATIENCE)) for number in (1, 2)}

    def send(number: int) -> Callable[[], object]:
        head = f"GET {paths[number]}/{number} HTTP/1.1\r\nHost: {server.address}\r\nConnection: close\r\n\r\n"
        clients[number].sendall(head.encode())
        return lambda: list(iter(lambda: clients[number].recv(65536), b""))

    return send


def _messages(server: Server, paths: dict[int, str], stack: ExitStack) -> Callable[[int], Callable[[], object]]:
    """What sends a number as a message, each on a WebSocket of its own; its end is the answer's."""
    sockets = {
        number: stack.enter_context(connect(server.ws_url + path, ping_interval=None, open_timeout=PATIENCE))
        for number, path in paths.items()
    }

    def send(number: int) -> Callable[[], object]:
        sockets[number].send(str(number))
        return lambda: sockets[number].recv(timeout=PATIENCE)

    return send
