"""The tap lets everything through as it is: bytes, order, half-closes, resets, and a reader that is slow."""

import contextlib
import errno
import hashlib
import random
import select
import socket
import struct
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest
import samples

from support.bench.ports import free_ports
from support.wire.relay import MOST
from support.wire.tap import Tap

MEGABYTE = 1 << 20


def noise(size: int, seed: int) -> bytes:
    """Random bytes, the same each time."""
    return random.Random(seed).randbytes(size)


def read_all(sock) -> bytes:
    """What comes until the other side ends."""
    return b"".join(iter(lambda: sock.recv(MOST), b""))


def reset(sock) -> None:
    """Closes with RST instead of FIN."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


@contextlib.contextmanager
def relayed(handle):
    """A tap in front of a server that calls handle(sock) for each connection."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=128)

    def handled(sock):
        with contextlib.suppress(OSError):  # the tap resets what is still open when a test ends
            handle(sock)

    def serve():
        with contextlib.suppress(OSError):
            while True:
                sock, _ = listener.accept()
                sock.settimeout(samples.HANGING)
                threading.Thread(target=handled, args=[sock], daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    tap = tap_to(listener.getsockname()[1])
    try:
        yield tap
    finally:
        tap.close()
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()


def tap_to(port: int) -> Tap:
    """A tap in front of whatever listens on the port."""
    return Tap(SimpleNamespace(port=port, name="server"), next(free_ports(samples.quiet_port())))


def connect(tap) -> socket.socket:
    """A connection through the tap."""
    return socket.create_connection(("127.0.0.1", tap.port), timeout=samples.HANGING)


def crossed(tap, way: str, connection: int = 1) -> bytes:
    """The bytes that the tap has kept."""
    return b"".join(p.data for p in tap.pieces if (p.way, p.connection) == (way, connection))


def kinds(tap) -> list[str]:
    """What crossed, in order, without the bytes; several reads in a row are one."""
    tap.settle()
    steps = [f"{piece.way} {piece.kind}" for piece in tap.pieces]
    return [step for number, step in enumerate(steps) if step != (steps[number - 1] if number else "")]


def echo(sock) -> None:
    with sock:
        while data := sock.recv(MOST):
            sock.sendall(data)


def test_random_bytes_cross_unchanged_both_ways_at_once():
    up, down, got = noise(3 * MEGABYTE, 1), noise(2 * MEGABYTE, 2), []

    def both(sock):
        with sock, ThreadPoolExecutor() as pool:
            pool.submit(lambda: (sock.sendall(down), sock.shutdown(socket.SHUT_WR)))
            got.append(read_all(sock))

    with relayed(both) as tap, connect(tap) as client, ThreadPoolExecutor() as pool:
        pool.submit(lambda: (client.sendall(up), client.shutdown(socket.SHUT_WR)))
        assert read_all(client) == down
        assert samples.until(lambda: got) == [up]
        assert (crossed(tap, "→"), crossed(tap, "←")) == (up, down)


def test_many_connections_at_once():
    def talk(tap, number: int) -> None:
        lines = [b"%d %d\n" % (number, line) for line in range(20)]
        with connect(tap) as client:
            for line in lines:
                client.sendall(line)
                assert client.recv(99) == line
            client.shutdown(socket.SHUT_WR)
            assert client.recv(1) == b""

    with relayed(echo) as tap:
        with ThreadPoolExecutor(40) as pool:
            list(pool.map(talk, [tap] * 40, range(40)))
        seen = {crossed(tap, "→", connection) for connection in range(1, 41)}
        assert seen == {b"".join(b"%d %d\n" % (number, line) for line in range(20)) for number in range(40)}
        assert all(crossed(tap, "→", each) == crossed(tap, "←", each) for each in range(1, 41))
        samples.until(lambda: not tap._relay._sides, "the end of every connection")


def test_the_client_may_end_first():
    def handle(sock):
        with sock:
            sock.sendall(read_all(sock).upper())

    with relayed(handle) as tap, connect(tap) as client:
        client.sendall(b"ping")
        client.shutdown(socket.SHUT_WR)
        assert read_all(client) == b"PING"
        assert kinds(tap) == ["→ data", "→ FIN", "← data", "← FIN"]


def test_the_server_may_end_first():
    got = []

    def handle(sock):
        with sock:
            sock.sendall(b"bye")
            sock.shutdown(socket.SHUT_WR)
            got.append(read_all(sock))

    with relayed(handle) as tap, connect(tap) as client:
        assert read_all(client) == b"bye"
        client.sendall(b"still here")
        client.shutdown(socket.SHUT_WR)
        assert samples.until(lambda: got) == [b"still here"]
        assert kinds(tap) == ["← data", "← FIN", "→ data", "→ FIN"]


def test_a_reset_by_the_server_reaches_the_client_after_its_bytes():
    connected = threading.Event()

    def handle(sock):
        connected.wait(samples.HANGING)  # a reset that comes while connect() still looks would be connect()'s
        sock.sendall(b"so far")
        reset(sock)

    with relayed(handle) as tap, connect(tap) as client:
        connected.set()
        assert client.recv(99) == b"so far"
        with pytest.raises(ConnectionResetError):
            client.recv(99)
        assert kinds(tap) == ["← data", "← RST"]


def test_a_reset_by_the_client_reaches_the_server_after_its_bytes():
    got = []

    def handle(sock):
        try:
            while True:
                got.append(sock.recv(99))
                assert got[-1], "a FIN"
        except ConnectionResetError as error:
            got.append(error)

    with relayed(handle) as tap:
        client = connect(tap)
        client.sendall(b"so far")
        reset(client)
        samples.until(lambda: len(got) == 2)
        assert got[0] == b"so far"
        assert isinstance(got[1], ConnectionResetError)
        assert kinds(tap) == ["→ data", "→ RST"]


def test_a_reset_after_a_half_close():
    done = threading.Event()

    def handle(sock):
        read_all(sock)
        done.set()
        reset(sock)

    with relayed(handle) as tap, connect(tap) as client:
        client.shutdown(socket.SHUT_WR)
        assert done.wait(samples.HANGING)
        with pytest.raises(ConnectionResetError):
            client.recv(1)
        assert kinds(tap) == ["→ FIN", "← RST"]


def test_an_answer_is_not_lost_when_the_rest_of_the_request_is_refused():
    """A server that answers 413 and closes with unread bytes resets; the answer came first."""

    def handle(sock):
        sock.recv(10)
        sock.sendall(b"413")
        sock.close()

    with relayed(handle) as tap:
        for _ in range(30):
            with connect(tap) as client:
                with contextlib.suppress(ConnectionResetError, BrokenPipeError):
                    client.sendall(noise(MEGABYTE, 3))
                assert client.recv(9) == b"413"
                with contextlib.suppress(ConnectionResetError):
                    assert client.recv(9) == b""
        assert {piece.way for piece in tap.pieces if piece.kind == "RST"} == {"←"}


def test_a_slow_reader_holds_up_the_writer_and_loses_nothing():
    start, got = threading.Event(), []
    sent = hashlib.sha256()

    def handle(sock):
        start.wait(samples.HANGING)
        got.append(read_all(sock))
        sock.close()

    with relayed(handle) as tap, connect(tap) as client:
        client.setblocking(False)
        chunk, held = noise(MOST, 4), 0
        while select.select([], [client], [], 0.3)[1]:
            size = client.send(chunk)
            sent.update(chunk[:size])
            held += size
            assert held < 64 * MEGABYTE, "nothing holds up the writer"
        waiting = sum(len(side.waiting) for side in tap._relay._sides.values())
        assert 0 < waiting <= MOST
        start.set()
        client.shutdown(socket.SHUT_WR)
        (received,) = samples.until(lambda: got)
        assert (len(received), hashlib.sha256(received).digest()) == (held, sent.digest())


def share_of_a_core() -> float:
    """How much of a core this process uses during the next moment, from 0 to 1 for each thread."""
    wall, cpu = time.monotonic(), time.process_time()
    time.sleep(0.2)
    return (time.process_time() - cpu) / (time.monotonic() - wall)


@pytest.mark.parametrize("closes", [False, True])
def test_a_tap_that_waits_for_a_slow_reader_sleeps(closes):
    """Even where both sides have ended, which poll() reports again and again."""
    sent, step = hashlib.sha256(), noise(MOST // 2, 5)
    full, done = threading.Event(), threading.Event()

    def waits():
        return any(side.waiting for side in tap._relay._sides.values())

    def handle(sock):
        while not full.wait(0.002):
            if not waits():
                sock.sendall(step)
                sent.update(step)
        if closes:
            sock.close()
        done.wait(samples.HANGING)
        sock.close()

    with relayed(handle) as tap, connect(tap) as client:
        client.shutdown(socket.SHUT_WR)
        # The system's own buffers may grow a little once they are full.
        samples.until(lambda: waits() and not full.wait(0.1) and waits())
        full.set()
        # The idlest of some moments: on a busy machine the last pieces may still be on their way in the first.
        assert min(share_of_a_core() for _ in range(8)) < 0.1
        done.set()
        assert hashlib.sha256(read_all(client)).digest() == sent.digest()


def test_nothing_is_lost_when_the_writer_closes_at_once():
    def handle(sock):
        with sock:
            sock.sendall(noise(MEGABYTE, 6))

    with relayed(handle) as tap:
        for _ in range(5):
            with connect(tap) as client:
                assert read_all(client) == noise(MEGABYTE, 6)


def test_any_protocol_in_order():
    """A protocol of lines: each answer is kept after the question that caused it."""

    def handle(sock):
        with sock, sock.makefile("rwb", buffering=0) as lines:
            for line in lines:
                lines.write(b"you said " + line)

    with relayed(handle) as tap, connect(tap) as client, client.makefile("rwb", buffering=0) as lines:
        for number in range(50):
            lines.write(b"%d\n" % number)
            assert lines.readline() == b"you said %d\n" % number
        assert [(p.way, p.data) for p in tap.pieces] == [
            step for n in range(50) for step in (("→", b"%d\n" % n), ("←", b"you said %d\n" % n))
        ]
        times = [piece.when for piece in tap.pieces]
        assert times == sorted(times)


def test_after_clear_only_what_is_new_is_shown():
    with relayed(echo) as tap, connect(tap) as client:
        for text in (b"GET /old HTTP/1.0\r\n\r\n", b"new"):
            tap.clear()
            client.sendall(text)
            client.recv(99)
        assert tap.wire.bytes("→") == b"new"
        assert "old" not in repr(tap)


def test_closing_resets_what_is_open():
    with relayed(echo) as tap, connect(tap) as first, connect(tap) as second:
        for client in (first, second):
            client.sendall(b"x")
            client.recv(1)
        tap.close()
        for client in (first, second):
            with pytest.raises(ConnectionResetError):
                client.recv(1)
        assert f"tap {tap.address}" not in {thread.name for thread in threading.enumerate()}
        assert not samples.accepts(tap.port)
        tap.close()


def test_where_it_is():
    with relayed(echo) as tap:
        assert tap.address == f"127.0.0.1:{tap.port}"
        assert (tap.url, tap.ws_url) == (f"http://{tap.address}", f"ws://{tap.address}")
        assert repr(tap) == "nothing has crossed"


def test_a_client_that_cannot_be_accepted_is_accepted_a_moment_later(monkeypatch):
    """As when no more files may be opened, for a moment."""
    with relayed(lambda sock: sock.sendall(sock.recv(9))) as tap:
        refused = once_no_more_files(monkeypatch, tap, "accept")
        with connect(tap) as client:
            client.sendall(b"hello")
            assert client.recv(9) == b"hello"
        assert refused == [errno.EMFILE]


def test_a_client_that_cannot_be_passed_on_is_reset_and_the_next_one_is_not(monkeypatch):
    with relayed(lambda sock: sock.sendall(sock.recv(9))) as tap:
        refused = once_no_more_files(monkeypatch, tap, "onward")
        with socket.socket() as first, pytest.raises(ConnectionResetError):
            first.settimeout(samples.HANGING)
            first.connect(("127.0.0.1", tap.port))  # by connect(), if the reset comes while it still looks
            first.recv(9)
        with connect(tap) as client:
            client.sendall(b"hello")
            assert client.recv(9) == b"hello"
        assert refused == [errno.EMFILE]


def once_no_more_files(monkeypatch, tap, what: str) -> list[int]:
    """The tap's door cannot do this for once, because no more files may be opened; the error, once that has been so."""
    door, came = tap._relay._door, []

    def fails_once():
        if came:
            return type(door).__dict__[what](door)
        came.append(errno.EMFILE)
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(door, what, fails_once)
    return came
