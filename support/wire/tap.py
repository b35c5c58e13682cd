"""The tap: a transparent relay in front of a server, which keeps every byte that crosses, both ways.

Relay    passes on, and tells the tap of each piece before (see `relay`)
Tap      keeps the pieces in the order in which they came, and is what one looks at
Wire     is what a look gives: the pieces, decoded
"""

import time
from dataclasses import dataclass

from ..errors import BenchError
from ..loopback import HOST
from ..waiting import NAPS, quiet, until
from .hold import Hold
from .messages import Message, decode
from .relay import Relay
from .wire import Wire

QUIET = 0.1  # seconds without a piece, after which it is quiet
LONGEST = 1.0  # seconds that a look waits for that
FULL = 64 << 20  # bytes that a tap keeps
OVERHEAD = 200  # bytes of memory that a piece takes beside its own

# What would cross next on a connection where every request has been answered.
NEXT = (("→", b"GET / HTTP/1.1\r\nHost: next\r\n\r\n"), ("←", b"HTTP/1.1 204 No Content\r\n\r\n"))
LEFT_OUT = (
    f"bytes are left out: a tap keeps {FULL >> 20} MiB, and of a connection nothing after a gap; tap.clear() makes "
    "room · "
    f"빠진 바이트가 있습니다. 도청기는 {FULL >> 20} MiB까지만 보관하고, 바이트가 빠진 연결은 더 보관하지 않습니다. "
    "tap.clear()를 실행하면 다시 보관합니다."
)


@dataclass(frozen=True)
class Piece:
    """What one read brought: `way` is → (to the server) or ←, `kind` is data, FIN or RST.

    A note of the cell's has the kind note, no way, connection 0, and its text in UTF-8 as data. `when` is in
    nanoseconds on the monotonic clock, the same in every process of the machine.
    """

    when: int
    connection: int
    way: str
    kind: str
    data: bytes = b""


class Tap:
    """A relay in front of `upstream`. Send requests to `url`; look at it to see the bytes, decoded.

    Half-closes and resets are passed on as they come, in both directions, and a side that does not read holds up the
    side that writes, as it would without the tap. While the upstream refuses connections, so does the tap.

    `pieces` is all that crossed, in order; `ports` has, for each connection, the port from which it goes on to the
    upstream: what an app is told as REMOTE_PORT. `dropped` counts the bytes that crossed and were not kept, because
    the tap was full: of a connection that lost some, nothing is kept any more.
    """

    _seen = 0  # pieces from before clear(), which are needed to decode what has come since
    _wire: Wire | None = None  # what the last look gave, until more crosses

    def __init__(self, upstream, port: int, client: str = "client") -> None:
        self.upstream, self.port, self.client = upstream, port, client
        self.pieces: list[Piece] = []
        self.dropped = 0
        self._size = 0  # bytes of memory that the pieces take
        self._lost: set[int] = set()  # connections of which bytes were dropped
        self._told = False  # that they were
        self._expected: set[int] = set()  # connections for whose second end a look has waited
        self.address = f"{HOST}:{port}"
        secure = "s" if getattr(upstream, "tls", False) else ""
        self.url, self.ws_url = f"http{secure}://{self.address}", f"ws{secure}://{self.address}"
        self._relay = Relay(upstream, port, self._keep)

    @property
    def ports(self) -> dict[int, int]:
        return self._relay.ports

    def close(self) -> None:
        """Stops listening and resets what is still open; nothing is left of it when this returns."""
        self._relay.close()

    def follow(self) -> None:
        """Accepts or refuses from now on, as the upstream does at this moment."""
        self._relay.follow()

    def note(self, text: str) -> None:
        """Puts what the cell itself does among the pieces, after all that has come before."""
        self._relay.turn(LONGEST / 2)
        with self._relay.lock:
            self._append(0, "", "note", text.encode())

    def hold(self, *what: str) -> Hold:
        """Passes nothing of this on, until release() or the end of a `with` block; what comes is kept and shown.

        Without a word all is held: bytes and ends, both ways. "→" or "←" is all that goes one way, "FIN" or "RST" an
        end, whichever side it comes from, "← FIN" an end of one side. Connections are still made.
        """
        return self._relay.hold(*what)

    def release(self) -> None:
        """Passes on all that is held."""
        self._relay.release()

    @property
    def waiting(self) -> dict[str, int]:
        """How many bytes are on their way, by way: {"→": 0, "←": 65536}.

        They have been sent to the tap, or on from it, and have not arrived: they are in the tap, or in the system's
        buffers of the tap's own sockets. What a receiver's system has taken and the receiver not yet read is not told.
        """
        self._relay.turn(LONGEST / 2)
        return self._relay.waiting()

    def settle(self) -> None:
        """Returns when nothing has crossed for a tenth of a second, or after a second in which things go on crossing.

        Where one side of a connection has ended, the other is given three times as long to follow, once.
        """
        end = time.monotonic() + LONGEST
        self._relay.turn(LONGEST / 2)
        expected = self._relay.half_open - self._expected
        if expected:
            self._expected |= expected
            quiet(self._count, end - time.monotonic(), 3 * NAPS, over=lambda: not self._relay.half_open & expected)
        if self.pieces and time.monotonic_ns() - self.pieces[-1].when < QUIET * 1e9:
            quiet(self._count, end - time.monotonic())

    def until(self, what: str | bytes, timeout: float = 5.0) -> None:
        """Returns once this has been passed on since the last clear(): bytes, or an end (FIN, RST) of either side.

        Bytes may come in several pieces of one way of a connection. Raises BenchError after `timeout` seconds.
        """
        if not until(lambda: self._has(what), timeout):
            raise BenchError(
                f"{timeout:g} s have passed, and {what!r} has not crossed. What has crossed:",
                f"{timeout:g}초가 지나도록 도청기에 {what!r} 기록이 없습니다. 지금까지 기록된 내용:",
                repr(self.wire),
            )
        self._relay.turn(LONGEST / 2)  # what is kept has been passed on after this

    def _has(self, what: str | bytes) -> bool:
        if isinstance(what, str):
            return any(piece.kind == what for piece in self.pieces[self._seen :])
        ways: dict[tuple[int, str], bytearray] = {}
        for piece in self.pieces[self._seen :]:
            if piece.kind == "note":  # what the cell says has not crossed
                continue
            ways.setdefault((piece.connection, piece.way), bytearray()).extend(piece.data)
        return any(what in came for came in ways.values())

    def _count(self) -> int:
        return len(self.pieces)

    def clear(self) -> None:
        """The next look begins here: what has crossed so far is forgotten, and its memory free again.

        Only of a connection that is in the middle of something stays what is needed to decode the rest: a request
        without its whole answer, and all of a WebSocket, whose next frame depends on the handshake and may depend on
        what was compressed before (RFC 7692).
        """
        self.settle()
        before = list(self.pieces)
        needed = {number for number in self._relay.open - self._lost if not _at_rest(number, before)}
        with self._relay.lock:
            kept = [piece for piece in before if piece.connection in needed]
            self.pieces, self._seen = kept + self.pieces[len(before) :], len(kept)
            self._size, self.dropped, self._told, self._wire = sum(map(_memory, self.pieces)), 0, False, None
            self._lost &= self._relay.open
            self._expected &= self._relay.open
            for number in self.ports.keys() - {piece.connection for piece in self.pieces} - self._relay.open:
                del self.ports[number]

    def messages(self) -> list[Message]:
        """What has crossed, decoded, once it is quiet."""
        return self.wire.messages

    @property
    def last(self) -> Wire:
        """The Wire of the exchange that began last, once it is quiet."""
        return self.wire.last

    @property
    def wire(self) -> Wire:
        """The Wire: what has crossed, decoded, once it is quiet; the same one until more crosses."""
        self.settle()
        self.upstream.looked = True
        with self._relay.lock:
            if self._wire is None:
                self._wire = Wire(list(self.pieces), self._seen)
            return self._wire

    def __repr__(self) -> str:
        return repr(self.wire)

    def _repr_html_(self) -> str:
        return self.wire._repr_html_()

    def bytes(self, way: str) -> bytes:
        """The bytes that went one way (→ to the server, ← to the client), once it is quiet, by connection."""
        self.settle()
        mine = [piece for piece in self.pieces[self._seen :] if piece.way == way]
        return b"".join(piece.data for piece in sorted(mine, key=lambda piece: piece.connection))

    def _keep(self, connection: int, way: str, kind: str, data) -> None:
        """Takes a piece from the relay, which has its lock."""
        if self._size < FULL and connection not in self._lost:
            self._append(connection, way, kind, data)
            return
        if not self._told:
            self._append(0, "", "note", LEFT_OUT.encode())
            self._told = True
        self._lost.add(connection)
        self.dropped += len(data)

    def _append(self, *piece) -> None:
        self.pieces.append(Piece(time.monotonic_ns(), *piece))
        self._size += _memory(self.pieces[-1])
        self._wire = None


def _memory(piece: Piece) -> int:
    return len(piece.data) + OVERHEAD


def _at_rest(connection: int, pieces: list[Piece]) -> bool:
    """True if a connection could begin a new exchange now: then nothing of it is needed to decode what follows."""
    mine = [piece for piece in pieces if piece.connection == connection]
    mine += [Piece(0, connection, way, "data", data) for way, data in NEXT]
    messages = [message for message in decode(list(enumerate(mine))) if message.raw]
    return [(m.name, m.way, m.raw) for m in messages[-2:]] == [("Request", *NEXT[0]), ("Response", *NEXT[1])]
