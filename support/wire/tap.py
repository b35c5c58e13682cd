"""The tap: a transparent relay in front of a server, which keeps every byte that crosses, both ways."""

import contextlib
import select
import socket
import struct
import threading
import time
from dataclasses import dataclass

from ..loopback import HOST
from .wire import Wire

MOST = 65536  # bytes taken from one side before the other side has taken them


@dataclass(frozen=True)
class Piece:
    """What one read brought: `way` is → (to the server) or ←, `kind` is data, FIN or RST.

    `when` is in nanoseconds on the monotonic clock, the same in every process of the machine.
    """

    when: int
    connection: int
    way: str
    kind: str
    data: bytes = b""


class _Side:
    """One of the two sockets of a relayed connection."""

    def __init__(self, sock: socket.socket, connection: int, way: str) -> None:
        self.sock, self.connection, self.way = sock, connection, way
        self.peer: _Side
        self.waiting = b""  # taken from the peer, not yet written here
        self.reading = True  # its FIN has not come
        self.connecting = False
        self.finished = False  # the peer's FIN has been passed on here

    def mask(self) -> int:
        """What to ask poll() for: nothing is read from one side while the other does not keep up."""
        wants_in = self.reading and not self.peer.waiting and not self.peer.connecting
        return (select.POLLIN if wants_in else 0) | (select.POLLOUT if self.waiting or self.connecting else 0)


class Tap:
    """A relay in front of `upstream`. Send requests to `url`; look at it to see the bytes, decoded.

    Half-closes and resets are passed on as they come, in both directions, and a side that does not read
    holds up the side that writes, as it would without the tap. A refused upstream resets the client.
    """

    def __init__(self, upstream, port: int, client: str = "client") -> None:
        self.upstream, self.port, self.client = upstream, port, client
        self.pieces: list[Piece] = []
        self._seen = 0  # pieces that clear() has put behind us
        self._listener = socket.create_server((HOST, port), backlog=128)
        self.address = f"{HOST}:{port}"
        self.url, self.ws_url = f"http://{self.address}", f"ws://{self.address}"
        self._sides: dict[int, _Side] = {}
        self._connections = 0
        # By connection, the port from which it goes on to the upstream: what an app is told as REMOTE_PORT.
        self.ports: dict[int, int] = {}
        self._bell, self._ring = socket.socketpair()
        self._thread = threading.Thread(target=self._relay, daemon=True, name=f"tap {self.address}")
        self._thread.start()

    def close(self) -> None:
        """Stops listening and resets what is still open; nothing is left of it when this returns."""
        self._ring.close()
        self._thread.join()

    def clear(self) -> None:
        """The next look begins here: what has crossed so far is no longer shown."""
        self._settle()
        self._seen = len(self.pieces)

    @property
    def wire(self):
        """The Wire: what has crossed, decoded, once it is quiet; see `support.wire`."""
        self._settle()
        return Wire(self.pieces, self._seen)

    def __repr__(self) -> str:
        return repr(self.wire)

    def _repr_html_(self) -> str:
        return self.wire._repr_html_()

    def _settle(self, quiet: float = 0.1, timeout: float = 2.0) -> None:
        """Returns when nothing has crossed for `quiet` seconds and no connection is half-closed, or at the timeout."""
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            idle = (time.monotonic_ns() - self.pieces[-1].when) / 1e9 if self.pieces else quiet
            half = any(side.finished != side.peer.finished for side in list(self._sides.values()))
            if idle >= quiet and not half:
                return
            time.sleep(0.01)

    def _keep(self, side: _Side, kind: str, data: bytes = b"") -> None:
        self.pieces.append(Piece(time.monotonic_ns(), side.connection, side.way, kind, data))

    def _relay(self) -> None:
        """What the tap's thread does, until the bell rings."""
        try:
            while self._pass_on():
                pass
        finally:
            while self._sides:
                self._abort(next(iter(self._sides.values())))
            self._listener.close()
            self._bell.close()

    def _pass_on(self) -> bool:
        """Waits until something happens, and does what follows; False when the bell has rung."""
        poll = select.poll()
        poll.register(self._listener, select.POLLIN)
        poll.register(self._bell, select.POLLIN)
        for number, side in self._sides.items():
            mask = side.mask()
            # poll() tells of a hang-up even unasked: again and again, where it cannot be read yet.
            if mask or not side.finished:
                poll.register(number, mask)
        for number, happened in poll.poll():
            if number == self._bell.fileno():
                return False
            if number == self._listener.fileno():
                self._accept()
            elif side := self._sides.get(number):
                self._serve(side, happened)
        return True

    def _accept(self) -> None:
        try:
            accepted = self._listener.accept()[0]
        except OSError:  # the client has gone again, or no more files may be opened for now
            time.sleep(0.01)
            return
        try:
            onward = socket.socket()
        except OSError:
            _will_reset(accepted)
            accepted.close()
            return
        self._connections += 1
        client, server = _Side(accepted, self._connections, "→"), _Side(onward, self._connections, "←")
        client.peer, server.peer = server, client
        for side in (client, server):
            side.sock.setblocking(False)
            side.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._sides[side.sock.fileno()] = side
        server.connecting = True
        server.sock.connect_ex((HOST, self.upstream.port))
        self.ports[self._connections] = server.sock.getsockname()[1]

    def _serve(self, side: _Side, happened: int) -> None:
        if happened & select.POLLERR:
            self._reset(side)
            return
        if happened & select.POLLOUT:
            side.connecting = False
            self._flush(side)
        if happened & (select.POLLIN | select.POLLHUP) and side.reading and not side.peer.waiting:
            self._read(side)

    def _read(self, side: _Side) -> None:
        try:
            data = side.sock.recv(MOST)
        except BlockingIOError:
            return
        except OSError:
            self._reset(side)
            return
        # Kept before it is passed on: whatever it causes is kept later.
        self._keep(side, "data" if data else "FIN", data)
        side.peer.waiting = data
        side.reading = bool(data)
        self._flush(side.peer)

    def _flush(self, side: _Side) -> None:
        """Writes what waits for this side, and passes the peer's FIN on after the last byte."""
        try:
            if side.waiting:
                side.waiting = side.waiting[side.sock.send(side.waiting) :]
            if not side.waiting and not side.peer.reading and not side.finished:
                side.sock.shutdown(socket.SHUT_WR)
                side.finished = True
        except BlockingIOError:
            return
        except OSError:
            self._reset(side)
            return
        if side.finished and side.peer.finished:
            self._drop(side)

    def _reset(self, side: _Side) -> None:
        """Passes the reset by this side on, after what came from it before and nobody has read yet."""
        with contextlib.suppress(OSError):
            while side.reading and (data := side.sock.recv(MOST)):
                self._keep(side, "data", data)
                side.peer.waiting += data
        self._keep(side, "RST")
        with contextlib.suppress(OSError):
            side.peer.sock.send(side.peer.waiting)
        self._abort(side)

    def _abort(self, side: _Side) -> None:
        """Resets both sides."""
        for each in (side, side.peer):
            _will_reset(each.sock)
        self._drop(side)

    def _drop(self, side: _Side) -> None:
        for each in (side, side.peer):
            self._sides.pop(each.sock.fileno(), None)
            each.sock.close()
            each.reading = False


def _will_reset(sock: socket.socket) -> None:
    """Makes close() send RST instead of FIN: SO_LINGER with no time (SOCKET(7))."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
