"""A client of a stream of events (text/event-stream) that waits for none: it says what has come by now."""

import re
import zlib

from ...bench.server import Server
from ...wire.tap import Tap
from ..drive import Answer, ask, connect, receive

MOMENT = 0.05  # seconds for what nginx has sent to come
PATIENCE = 10  # seconds: the end comes soon after the app's, but a busy machine may need some of them
NONSENSE = "? /"  # nginx answers it 400 by itself, whatever its configuration


class Listener:
    """A client that has asked nginx for `path`, and takes gzip; a context manager, which hangs up.

    Before each look it asks the same nginx for something else, twice. Its one worker handles what has come in order:
    by the second answer it has passed on all that it is going to pass on, so what is not here now is being held.
    """

    def __init__(self, site: Server | Tap, path: str) -> None:
        self._site, self._told = site, 0
        self._nginx = site.upstream if isinstance(site, Tap) else site
        self._client = connect(site, f"GET {path}", {"Accept-Encoding": "gzip"})
        self.answer = Answer(b"", ended=False)

    def __enter__(self) -> "Listener":
        return self

    def __exit__(self, *_) -> None:
        self._client.close()

    def heard(self) -> list[str]:
        """The data of the events that have come since the last look."""
        for _ in range(2):
            ask(self._nginx, NONSENSE, timeout=PATIENCE)
        if isinstance(self._site, Tap):
            self._site.settle()
        return self._read(MOMENT)

    def rest(self) -> list[str]:
        """The data of the events that come from here to the end of the answer."""
        return self._read(PATIENCE)

    def _read(self, timeout: float) -> list[str]:
        self._client.settimeout(timeout)
        came = receive(self._client)
        self.answer = Answer(self.answer.raw + came.raw, came.ended)
        events = re.findall("^data: (.*)$", _text(self.answer), re.MULTILINE)
        new, self._told = events[self._told :], len(events)
        return new


def _text(answer: Answer) -> str:
    """The body as far as it came, unpacked."""
    packed = answer.code and answer.header("Content-Encoding") == "gzip"
    body = zlib.decompressobj(wbits=31).decompress(answer.body) if packed else answer.body
    return body.decode("utf-8", "replace")
