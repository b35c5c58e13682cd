"""The relay of a tap: its sockets, and the thread that passes on what comes.

    Door     accepts clients, while the upstream accepts connections (see `door`)
    Relay    connects them onward, and passes on: bytes, half-closes and resets
    _Side    one of the two sockets of a connection
    Hold     what is kept back for now (see `hold`)

The thread takes turns: it waits until something is ready (poll), then works under the relay's lock. Whoever else takes
the lock (a hold that is released, a fork) finds everything at rest.
"""

import contextlib
import errno
import fcntl
import os
import select
import socket
import struct
import termios
import threading
import time
import weakref
from collections.abc import Callable

from ..loopback import HOST
from .door import Door, talks_to_itself
from .hold import WAYS, Hold

MOST = 1 << 18  # bytes taken from one side before the other side has taken them
PAUSE = 0.001  # seconds in which nothing comes, where somebody waits for a turn


class _Side:
    """One of the two sockets of a relayed connection; `way` is where that goes which is read from it."""

    def __init__(self, sock: socket.socket, connection: int, way: str) -> None:
        self.sock, self.connection, self.way = sock, connection, way
        self.number = sock.fileno()
        self.peer: _Side
        self.waiting = bytearray()  # taken from the peer, not yet written here
        self.reading = True  # its FIN has not come
        self.connecting = False
        self.finished = False  # the peer's FIN has been passed on here
        self.dead = False  # its RST has come


class Relay:
    """Relays connections from `port` to `upstream`; keep(connection, way, kind, data) is told before it passes on.

    `ports` has, for each connection, the port from which it goes on to the upstream, if that is one of TCP.
    """

    def __init__(self, upstream, port: int, keep: Callable[[int, str, str, bytes], None]) -> None:
        self._keep = keep
        self.lock = threading.Lock()
        self.ports: dict[int, int] = {}
        self._sides: dict[int, _Side] = {}
        self._connections = 0
        self._holds: list[Hold] = []
        self._asked: list[threading.Event] = []  # who waits for a turn
        self._poll, self._masks = select.poll(), {}
        self._bell, self._ring = socket.socketpair()
        self._ring.setblocking(False)
        self._watch(self._bell.fileno(), select.POLLIN)
        self._door = Door(upstream, port, self._watch)
        self._thread = threading.Thread(target=self._relay, daemon=True, name=f"tap {HOST}:{port}")
        _relays.add(self)
        self._thread.start()

    # What the tap asks for, from any thread.

    def close(self) -> None:
        """Stops listening and resets what is still open; nothing is left of it when this returns."""
        self._ring.close()
        self._thread.join()

    def turn(self, timeout: float) -> None:
        """Returns when all that had come by now has been read, or at the timeout if more and more comes."""
        heard = threading.Event()
        with self.lock:
            self._asked.append(heard)
        self._wake()
        if self._thread.is_alive():
            heard.wait(timeout)

    def follow(self) -> None:
        """Accepts or refuses, as the upstream does now."""
        with self.lock:
            self._door.look()
        self._wake()

    def hold(self, *words: str) -> Hold:
        """Holds back what the words name (see `Hold`)."""
        hold = Hold(words, self.release)
        with self.lock:
            self._holds.append(hold)
            self._go_on()
        self._wake()
        return hold

    def release(self, hold: Hold | None = None) -> None:
        """Passes on what that hold has held, or what any has."""
        with self.lock:
            self._holds = [each for each in self._holds if hold is not None and each is not hold]
            self._go_on()
        self._wake()

    def waiting(self) -> dict[str, int]:
        """By way, the bytes that are here or in the system's buffers of the relay's sockets."""
        found = dict.fromkeys(WAYS, 0)
        with self.lock:
            for side in self._sides.values():
                unread, unsent = _count(side.sock, termios.FIONREAD), _count(side.peer.sock, termios.TIOCOUTQ)
                found[side.way] += unread + len(side.peer.waiting) + unsent
        return found

    @property
    def open(self) -> set[int]:
        """The connections that go on."""
        return {side.connection for side in list(self._sides.values())}

    @property
    def half_open(self) -> set[int]:
        """The connections that one side has ended, and the other has not, although it has been told."""
        return {side.connection for side in list(self._sides.values()) if side.finished and not side.peer.finished}

    # The thread.

    def _relay(self) -> None:
        """What the thread does, until the bell rings for the last time."""
        try:
            heard: list[threading.Event] | None = []
            while heard is not None:
                heard = self._turn(heard)
        finally:
            with self.lock:
                while self._sides:
                    self._abort(next(iter(self._sides.values())))
                self.forget()

    def _turn(self, heard: list[threading.Event]) -> list[threading.Event] | None:
        """Waits until something happens and does what follows; who waits for the next turn, None if there is none.

        They are told after a turn that began after they asked, and in which nothing came.
        """
        patience = PAUSE if heard else self._door.patience
        happened = dict(self._poll.poll(None if patience is None else patience * 1000))
        with self.lock:
            if self._bell.fileno() in happened and not self._bell.recv(4096):
                return None
            sides = [side for number in happened if (side := self._sides.get(number))]
            came = self._look_out(happened) or bool(sides)
            for side in sides:
                if side.number in self._sides:  # the one before may have ended this one
                    self._serve(side, happened[side.number])
            if not came and not any(side.connecting for side in self._sides.values()):
                for each in heard:
                    each.set()
                heard = []
            asked, self._asked = self._asked, []
        return heard + asked

    def _look_out(self, happened: dict[int, int]) -> bool:
        """Looks what is at the door; True if it was a client."""
        listener, life = self._door.numbers()
        if life in happened:
            self._door.process_ended()
        elif listener in happened:
            self._accept()
        if self._door.patience is not None:
            self._door.look()
        return listener in happened

    def _wake(self) -> None:
        with contextlib.suppress(OSError):  # it has rung often enough, or is closed
            self._ring.send(b".")

    def _watch(self, number: int, mask: int | None) -> None:
        """Tells poll() what to wait for on a descriptor; None for nothing at all, not even an error."""
        if self._masks.get(number) == mask:
            return
        if mask is None:
            del self._masks[number]
            self._poll.unregister(number)
        else:
            self._masks[number] = mask
            self._poll.register(number, mask)

    # Connections.

    def _accept(self) -> None:
        try:
            accepted = self._door.accept()
        except OSError:  # the client has gone again, or no more files may be opened for now
            time.sleep(0.01)
            return
        try:
            onward, address = self._door.onward()
        except OSError:
            _will_reset(accepted)
            accepted.close()
            return
        self._connections += 1
        client, server = _Side(accepted, self._connections, "→"), _Side(onward, self._connections, "←")
        client.peer, server.peer = server, client
        for side in (client, server):
            side.sock.setblocking(False)
            self._sides[side.number] = side
            if side.sock.family == socket.AF_INET:
                side.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._connect(server, address)

    def _connect(self, server: _Side, address) -> None:
        server.connecting = True
        try:
            refused = server.sock.connect_ex(address) not in (0, errno.EINPROGRESS)
        except OSError:  # no address, a path that is too long
            refused = True
        if server.sock.family == socket.AF_INET:
            self.ports[server.connection] = server.sock.getsockname()[1]
        if refused:
            self._refused(server)
        else:
            self._look(server)

    def _refused(self, server: _Side) -> None:
        """The upstream does not accept: too late to refuse this client, but not the next one."""
        self._reset(server)
        self._door.look()

    def _serve(self, side: _Side, events: int) -> None:
        if side.connecting and events & select.POLLERR:
            # A reset, in place of a refusal: it was connected, and has said what it had to say already.
            side.connecting = side.sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) != errno.ECONNRESET
        if side.connecting and (events & select.POLLERR or talks_to_itself(side.sock)):
            self._refused(side)
            return
        if events & select.POLLERR:
            self._reset(side)
            return
        if events & select.POLLOUT:
            side.connecting = False
            self._flush(side)
        if events & (select.POLLIN | select.POLLHUP) and side.reading and self._room(side):
            self._read(side)
        self._look(side)

    def _look(self, side: _Side) -> None:
        """Tells poll() what to wait for on both sides of a connection, as things stand."""
        for each in (side, side.peer):
            if each.number in self._sides:
                mask = self._wants(each)
                # poll() tells of a hang-up even unasked: again and again, where it cannot be read yet.
                self._watch(each.number, mask if (mask or not each.finished) and not each.dead else None)

    def _wants(self, side: _Side) -> int:
        reads = side.reading and not side.peer.connecting and self._room(side)
        writes = side.connecting or (side.waiting and not self._held(side.peer.way, "data"))
        return (select.POLLIN if reads else 0) | (select.POLLOUT if writes else 0)

    def _room(self, side: _Side) -> int:
        """How much may be read from a side: nothing while the other one does not keep up."""
        if self._held(side.way, "data"):
            return MOST - len(side.peer.waiting)
        return 0 if side.peer.waiting else MOST

    def _read(self, side: _Side) -> None:
        try:
            data = side.sock.recv(self._room(side))
        except BlockingIOError:
            return
        except OSError:
            self._reset(side)
            return
        # Kept before it is passed on: whatever it causes is kept later.
        self._keep(side.connection, side.way, "data" if data else "FIN", data)
        side.reading = bool(data)
        self._pass_on(side.peer, data)

    def _pass_on(self, side: _Side, data: bytes) -> None:
        """Writes to a side what has come for it, as far as it goes; the rest waits."""
        if side.dead:
            return
        sent = 0
        if data and not side.waiting and not self._held(side.peer.way, "data"):
            try:
                sent = side.sock.send(data)
            except BlockingIOError:
                pass
            except OSError:
                self._reset(side)
                return
        side.waiting += memoryview(data)[sent:]
        self._flush(side)

    def _flush(self, side: _Side) -> None:
        """Writes what waits for this side, and passes the peer's FIN on after the last byte."""
        if side.dead or self._held(side.peer.way, "data"):
            return
        try:
            if side.waiting:
                del side.waiting[: side.sock.send(side.waiting)]
            if not (side.waiting or side.peer.reading or side.finished or self._held(side.peer.way, "FIN")):
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
        """Takes in the reset by this side, after what came from it before and nobody has read yet."""
        with contextlib.suppress(OSError):
            while side.reading and not side.connecting and (data := side.sock.recv(MOST)):
                self._keep(side.connection, side.way, "data", data)
                side.peer.waiting += data
        self._keep(side.connection, side.way, "RST", b"")
        side.dead, side.reading = True, False
        side.waiting.clear()
        self._pass_reset(side)

    def _pass_reset(self, side: _Side) -> None:
        """Resets the other side too, unless that is held."""
        held = self._held(side.way, "data") or self._held(side.way, "RST")
        if held and not side.peer.dead:
            self._look(side)
            return
        with contextlib.suppress(OSError):
            side.peer.sock.send(side.peer.waiting)
        self._abort(side)

    def _abort(self, side: _Side) -> None:
        """Resets both sides."""
        for each in (side, side.peer):
            if each.sock.family == socket.AF_INET:
                _will_reset(each.sock)
        self._drop(side)

    def _drop(self, side: _Side) -> None:
        for each in (side, side.peer):
            if self._sides.pop(each.number, None):
                self._watch(each.number, None)
            each.sock.close()
            each.reading = False

    # Holds.

    def _held(self, way: str, kind: str) -> bool:
        return any(hold.holds(way, kind) for hold in self._holds)

    def _go_on(self) -> None:
        """Does what the holds allow now."""
        for side in list(self._sides.values()):
            if side.number in self._sides and not side.connecting:
                if side.dead:
                    self._pass_reset(side)
                else:
                    self._flush(side)
                self._look(side)

    # Forked children.

    def forget(self) -> None:
        """Closes every descriptor, and nothing else: in a forked child the connections are the parent's."""
        for side in self._sides.values():
            side.sock.close()
        self._sides.clear()
        self._door.close()
        self._bell.close()
        self._ring.close()


def _count(sock: socket.socket, what: int) -> int:
    """How many bytes wait in a buffer of the socket (SIOCINQ, SIOCOUTQ: tcp(7)); 0 where the system does not tell."""
    try:
        return struct.unpack("i", fcntl.ioctl(sock, what, struct.pack("i", 0)))[0]
    except OSError:
        return 0


def _will_reset(sock: socket.socket) -> None:
    """Makes close() send RST instead of FIN: SO_LINGER with no time (SOCKET(7))."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


# What the notebook forks would keep open what a relay closes. So every relay is at rest during a fork, and the child
# closes its copies.
_relays: "weakref.WeakSet[Relay]" = weakref.WeakSet()
_resting: list[Relay] = []


def _before_fork() -> None:
    _resting[:] = _relays
    for relay in _resting:
        relay.lock.acquire()


def _after_fork(forget: bool) -> None:
    while _resting:
        relay = _resting.pop()
        if forget:
            relay.forget()
        relay.lock.release()


os.register_at_fork(
    before=_before_fork,
    after_in_parent=lambda: _after_fork(forget=False),
    after_in_child=lambda: _after_fork(forget=True),
)
