"""Taps and recordings that never were: what they would have kept of a few moves."""

from types import SimpleNamespace

from support.app.events import Events
from support.wire.tap import Piece, Tap
from support.wire.wire import Wire

GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"
SWITCH = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"
UPGRADE = b"GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"
CALL = [(2, "→", "called"), (3, "←", "start_response", {"status": "200 OK", "headers": []}), (4, "←", "yield", b"hi")]


class Kept(Tap):
    """A tap that never was: what it would have kept."""

    ports: dict[int, int] = None

    def __init__(self, pieces: list[Piece], client: str, server: str, ports: dict[int, int]) -> None:
        self.pieces, self.client, self.upstream, self.ports = pieces, client, SimpleNamespace(name=server), ports

    def settle(self) -> None:
        """It is quiet."""

    @property
    def wire(self) -> Wire:
        return Wire(self.pieces)


def get(target: str) -> bytes:
    return GET.replace(b"/ ", f"{target} ".encode(), 1)


def post(length: int) -> bytes:
    return b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % length


def answer(length: int, more: bytes = b"") -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n%s\r\n" % (length, more)


def tapped(*moves, client="client", server="gunicorn", ports=None) -> Kept:
    """What a tap would have kept of the moves: the time, → or ← or a note's text, bytes or FIN, the connection."""
    kept = []
    for when, way, *rest in moves:
        if way not in "→←":
            kept.append(Piece(when, 0, "", "note", way.encode()))
            continue
        what, connection = (*rest, 1)[:2]
        kept.append(Piece(when, connection, way, *(("data", what) if isinstance(what, bytes) else (what,))))
    tap = Kept(kept, client, server, ports or {})
    tap.upstream = SimpleNamespace(name=server, port=8000)
    return tap


def recorded(*events, server="gunicorn", call="7-1", path="/", port=None, kind="wsgi", software="gunicorn/1") -> Events:
    """The events of one call that got this path: the time, the way, the name and perhaps data."""
    environ = {"REQUEST_METHOD": "GET", "PATH_INFO": path, "SERVER_SOFTWARE": software}
    if port:
        environ |= {"REMOTE_ADDR": "127.0.0.1", "REMOTE_PORT": str(port)}
    first, *rest = [(when, call, kind, way, *(*what, None)[:2]) for when, way, *what in events]
    return Events([(*first[:5], environ), *rest], server)
