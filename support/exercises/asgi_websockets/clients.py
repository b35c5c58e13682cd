"""Clients that judge by what a server does: nothing is taken for silence before the server has nothing left to do."""

import socket
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from websockets.sync.client import ClientConnection

from ...loopback import HOST
from ...waiting import until
from ...wire.tap import Tap
from ..asleep import LAST_LOOK, PATIENCE, at_rest
from ..websocket import connect


def settles(tap: Tap, over: Callable[[], object]) -> bool:
    """True once it is over; False if the server behind the tap has come to rest before, and still rests a second later.

    The second is for an app that sleeps for a moment before it goes on.
    """
    for _ in range(2):
        until(lambda: over() or at_rest(tap), PATIENCE)
        if until(over, LAST_LOOK):
            return True
    return False


def opened(tap: Tap, path: str, **options) -> ClientConnection:
    """A WebSocket through the tap; see `connect` for the options, and for what it raises.

    Raises TimeoutError if the server has come to rest and has answered nothing.
    """
    began = time.monotonic_ns()
    client = socket.create_connection((HOST, tap.port))

    def crossed(way: str) -> bool:
        return any(piece.way == way and piece.data and piece.when > began for piece in list(tap.pieces))

    with ThreadPoolExecutor(1) as aside:
        opening = aside.submit(connect, f"{tap.ws_url}{path}", tap, sock=client, **options)
        until(lambda: opening.done() or crossed("→"), PATIENCE)
        if not settles(tap, lambda: opening.done() or crossed("←")):
            client.shutdown(socket.SHUT_RDWR)  # the thread that waits for an answer gives up
            opening.exception()
            raise TimeoutError("no answer")
        return opening.result()


def parted(ws: ClientConnection, tap: Tap) -> int | None:
    """The code with which the WebSocket has ended; None if the server has come to rest, and it is open."""
    settles(tap, lambda: ws.close_code is not None)
    return None if ws.close_code is None else int(ws.close_code)
