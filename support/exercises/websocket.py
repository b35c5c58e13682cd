"""A WebSocket client that sends nothing unasked, and gives no server up that still works on what it was sent."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from websockets.sync import client

from ..waiting import until
from ..wire.tap import Tap
from .asleep import LAST_LOOK, PATIENCE, at_rest

QUIET = {"compression": None, "ping_interval": None, "open_timeout": PATIENCE, "close_timeout": PATIENCE}


class Client(client.ClientConnection):
    """Its `close()` waits for the end of the connection until the servers behind the taps have come to rest.

    A fixed time would show a hang-up where the machine was busy: FIN and RST of the client before the server's Close.
    """

    def __init__(self, taps: Sequence[Tap], *arguments, **options) -> None:
        super().__init__(*arguments, **options)
        self._taps = taps

    def close(self, *arguments, **options) -> None:
        with ThreadPoolExecutor(1) as aside:
            closing = aside.submit(super().close, *arguments, **options)
            until(lambda: closing.done() or at_rest(*self._taps), PATIENCE)
            if not until(closing.done, LAST_LOOK):
                self.close_socket()
        closing.result()


def connect(url: str, *taps: Tap, **options) -> Client:
    """A WebSocket through the taps; see `websockets.sync.client.connect` for the options, and for what it raises."""
    return client.connect(url, create_connection=partial(Client, taps), **QUIET | options)
