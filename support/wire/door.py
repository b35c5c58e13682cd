"""The door of a tap: its port, open while the upstream accepts connections and closed while it refuses them.

A client that the tap accepts and then resets would learn something else than without the tap: nginx, for one, takes a
refused connection as a reason to try the next server. The system accepts before anybody looks, so the door has to be
closed before somebody comes: when the upstream's process has ended, when it has refused a connection, or when a look
finds nobody at its address. Whose process listens there makes no difference, as it makes none without the tap.
"""

import contextlib
import errno
import os
import select
import socket
import time
from collections.abc import Callable

from ..loopback import HOST
from ..waiting import SHARE

LOOK = 0.1  # seconds between two looks at an upstream that nothing else tells of
SELDOM = 1.0  # the same where nobody has listened for long: of the time so far a look comes SHARE too late, at most


class Door:
    """Listens on `port` for who wants to go to `upstream`; `watch(descriptor, mask)` tells the caller's poll().

    `upstream` has a `port`, or an `endpoint` (family, address); its `process`, if it has one, is watched.
    """

    def __init__(self, upstream, port: int, watch: Callable[[int, int | None], None]) -> None:
        self._upstream, self._port, self._watch = upstream, port, watch
        self._listener = _bound((HOST, self._port))
        self.open = False
        self._shut_since = time.monotonic()
        self._life: int | None = None  # a descriptor that tells when the upstream's process has ended
        if getattr(upstream, "running", False) or self._upstream_accepts():
            self._open()

    def close(self) -> None:
        """Closes every descriptor, here only: a forked child has copies, which are none of its business."""
        self._listener.close()
        self._forget_life()

    def _forget_life(self) -> None:
        """Closes that descriptor once, whichever threads ask: closed twice, it might be somebody else's by then."""
        life, self._life = self._life, None
        if life is not None:
            os.close(life)

    def numbers(self) -> tuple[int, int | None]:
        """The descriptors that poll() may tell of."""
        return self._listener.fileno(), self._life

    @property
    def patience(self) -> float | None:
        """How long nobody need look(), in seconds; None where poll() tells when to."""
        if self.open:
            return None if self._life is not None else LOOK
        return min(max(LOOK, SHARE * (time.monotonic() - self._shut_since)), SELDOM)

    def look(self) -> None:
        """Opens if the upstream accepts connections, closes if it does not."""
        accepts = self._upstream_accepts()
        if accepts and not self.open:
            with contextlib.suppress(OSError):  # somebody else has the port for now: tried again at the next look
                self._open()
        elif self.open and not accepts:
            self._shut()

    def process_ended(self) -> None:
        """What poll() has told: from now on somebody has to look."""
        self._watch(self._life, None)
        self._forget_life()
        self.look()

    def _upstream_accepts(self) -> bool:
        """True if somebody listens at the upstream's address. On TCP nothing of this is noticed there."""
        family, address = self._endpoint()
        if family != socket.AF_INET:
            return _accepts(family, address)
        try:
            _bound(address).close()
        except OSError:
            return True  # where one listens, nobody else may bind
        return False

    def accept(self) -> socket.socket:
        """The next client's socket. Raises OSError if it has gone, or no more files may be opened."""
        return self._listener.accept()[0]

    def onward(self) -> tuple[socket.socket, object]:
        """A socket for a connection to the upstream, and the address to connect it to. Raises OSError."""
        family, address = self._endpoint()
        return socket.socket(family), address

    def _endpoint(self) -> tuple[int, object]:
        return getattr(self._upstream, "endpoint", None) or (socket.AF_INET, (HOST, self._upstream.port))

    def _open(self) -> None:
        if self._listener.fileno() < 0:
            self._listener = _bound((HOST, self._port))
        self._listener.listen(128)
        self._watch(self._listener.fileno(), select.POLLIN)
        self.open = True
        with contextlib.suppress(AttributeError, OSError):  # no process, or a system without pidfd_open(2)
            self._life = os.pidfd_open(self._upstream.process.pid)
            self._watch(self._life, select.POLLIN)

    def _shut(self) -> None:
        """Refuses from now on. Who has connected and was not accepted yet is reset by the system."""
        for number in self.numbers():
            if number is not None:
                self._watch(number, None)
        with contextlib.suppress(OSError):  # macOS: a listening socket is not connected
            # Closed alone it would listen on until poll() comes back, which may just be waiting for it.
            self._listener.shutdown(socket.SHUT_RDWR)
        self.close()
        self.open, self._shut_since = False, time.monotonic()
        with contextlib.suppress(OSError):
            self._listener = _bound((HOST, self._port))


def _bound(address) -> socket.socket:
    """A socket that has a TCP address. As long as it does not listen(), connections to it are refused."""
    sock = socket.socket()
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(address)
        sock.setblocking(False)
    except OSError:
        sock.close()
        raise
    return sock


def _accepts(family: int, address) -> bool:
    """True if a connection to the address is accepted; it is closed at once."""
    with socket.socket(family) as sock:
        sock.setblocking(False)
        try:
            return sock.connect_ex(address) in (0, errno.EAGAIN)  # EAGAIN: many wait already (unix(7))
        except OSError:
            return False


def talks_to_itself(sock: socket.socket) -> bool:
    """True for a connection to a free port that was given that very port itself (RFC 9293, 3.5: simultaneous open)."""
    try:
        return sock.family == socket.AF_INET and sock.getsockname() == sock.getpeername()
    except OSError:
        return False
