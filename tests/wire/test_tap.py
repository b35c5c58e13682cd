"""The tap lets everything through as it is: bytes, order, half-closes, resets, and a reader that is slow."""

import contextlib
import errno
import hashlib
import os
import random
import select
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest
import samples

from support import BenchError
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
    return Tap(SimpleNamespace(port=port, name="server"), samples.unused(samples.quiet_port()))


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


def test_a_look_is_taken_once_what_was_sent_has_come():
    with relayed(echo) as tap, connect(tap) as client:
        for number in range(30):
            client.sendall(b"%d" % number)
            assert tap.bytes("→").endswith(b"%d" % number)


def test_bytes_of_one_way_connection_by_connection():
    with relayed(echo) as tap, connect(tap) as first, connect(tap) as second:
        for client, data in ((first, b"a"), (second, b"1"), (first, b"b"), (second, b"2")):
            client.sendall(data)
            assert client.recv(9) == data
        assert (tap.bytes("→"), tap.bytes("←")) == (b"ab12", b"ab12")


def test_a_note_stands_after_all_that_came_before_it():
    with relayed(echo) as tap, connect(tap) as client:
        for number in range(50):
            client.sendall(b"%d" % number)
            tap.note(f"{number} 보냄")
            client.recv(9)
        way_in = [piece for piece in tap.pieces if piece.way != "←"]
        assert [piece.data.decode() for piece in way_in] == [w for n in range(50) for w in (f"{n}", f"{n} 보냄")]
        assert {(p.connection, p.way, p.kind) for p in way_in[1::2]} == {(0, "", "note")}
        assert "49 보냄" in repr(tap)


def test_one_can_wait_for_bytes_and_for_an_end():
    with relayed(echo) as tap, connect(tap) as client:
        client.sendall(b"he")
        tap.until(b"he")
        client.sendall(b"llo")
        tap.until(b"hello")  # in two pieces
        assert [piece.data for piece in tap.pieces if piece.way == "→"] == [b"he", b"llo"]
        with pytest.raises(BenchError, match="'FIN' has not crossed"):
            tap.until("FIN", timeout=0.05)
        reset(client)
        tap.until("RST")
        tap.clear()
        with pytest.raises(BenchError, match="b'hello' has not crossed"):
            tap.until(b"hello", timeout=0.05)


GET, OK = b"GET /one HTTP/1.1\r\nHost: x\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"


def answers(sock) -> None:
    """A server of HTTP that says hi to each request."""
    with sock:
        while sock.recv(MOST):
            sock.sendall(OK)


def ask(client, request: bytes = GET) -> None:
    client.sendall(request)
    assert client.recv(999) == OK


def test_the_exchange_that_began_last():
    with relayed(answers) as tap, connect(tap) as client, connect(tap) as other:
        ask(client)
        ask(other, GET.replace(b"one", b"two"))
        ask(client, GET.replace(b"one", b"three"))
        assert [message.summary for message in tap.last.messages if message.raw][:2] == ["GET /three", "200 OK"]
        assert len([message for message in tap.messages() if message.name == "Request"]) == 3


def test_a_look_decodes_once():
    with relayed(answers) as tap, connect(tap) as client:
        ask(client)
        first = tap.wire
        assert tap.wire is first
        ask(client)
        assert tap.wire is not first


def moments(monkeypatch) -> list[float]:
    """The naps that looks take from now on, in seconds."""
    taken, sleep = [], time.sleep
    monkeypatch.setattr("support.waiting.time.sleep", lambda seconds: taken.append(seconds) or sleep(seconds))
    return taken


def test_a_connection_that_stays_half_closed_is_waited_for_once(monkeypatch):
    done = threading.Event()

    def handle(sock):
        read_all(sock)
        done.wait(samples.HANGING)

    with relayed(handle) as tap, connect(tap) as client:
        client.shutdown(socket.SHUT_WR)
        samples.until(lambda: tap._relay.half_open)
        taken = moments(monkeypatch)
        tap.settle()
        assert sum(taken) < 0.5
        taken.clear()
        tap.settle()
        assert taken == []
        done.set()


def test_the_second_end_is_waited_for():
    heard = threading.Event()

    def handle(sock):
        with sock:
            read_all(sock)
            heard.wait(samples.HANGING)

    with relayed(handle) as tap, connect(tap) as client:
        client.shutdown(socket.SHUT_WR)
        samples.until(lambda: tap._relay.half_open)
        threading.Timer(0.15, heard.set).start()
        assert kinds(tap) == ["→ FIN", "← FIN"]


def test_a_look_does_not_wait_for_the_end_of_a_stream(monkeypatch):
    over = threading.Event()

    def handle(sock):
        while not over.wait(0.01):
            sock.sendall(b"more ")

    with relayed(handle) as tap, connect(tap) as client:
        client.recv(1)
        taken = moments(monkeypatch)
        assert tap.bytes("←").startswith(b"more more")
        assert sum(taken) <= 1.1
        over.set()


def test_clear_frees_what_has_crossed(monkeypatch):
    with relayed(answers) as tap, connect(tap) as client:
        ask(client, GET.replace(b"\r\n\r\n", b"\r\nContent-Length: 4\r\n\r\nbody"))
        tap.clear()
        assert tap.pieces == []
        assert tap.bytes("→") == b""
        ask(client, GET.replace(b"one", b"two"))
        assert [message.summary for message in tap.messages() if message.raw] == ["GET /two", "200 OK", "hi"]
        assert "one" not in repr(tap)
    samples.until(lambda: not tap._relay.open)


def test_clear_frees_the_ports_of_connections_that_have_ended():
    with relayed(answers) as tap, connect(tap) as client:
        with connect(tap) as other:
            ask(other)
        ask(client)
        samples.until(lambda: len(tap._relay.open) == 1)
        tap.clear()
        assert list(tap.ports) == [1]


def test_clear_keeps_what_is_needed_to_decode_the_rest():
    def handle(sock):
        with sock:
            sock.recv(MOST)
            sock.sendall(OK[:-1])
            go_on.wait(samples.HANGING)
            sock.sendall(OK[-1:])
            read_all(sock)

    go_on = threading.Event()
    with relayed(handle) as tap, connect(tap) as client:
        client.sendall(GET)
        client.recv(999)
        tap.clear()
        assert len(tap.pieces) == 2
        assert (tap.bytes("→"), tap.bytes("←"), repr(tap)) == (b"", b"", "nothing has crossed")
        go_on.set()
        assert client.recv(9) == b"i"
        assert tap.bytes("←") == b"i"


def test_what_is_kept_is_bounded_and_says_so(monkeypatch):
    monkeypatch.setattr("support.wire.tap.FULL", MEGABYTE)

    def count(sock):
        with sock:
            sock.sendall(b"%d" % len(read_all(sock)))

    with relayed(count) as tap:
        with connect(tap) as client:
            client.sendall(noise(4 * MEGABYTE, 7))
            client.shutdown(socket.SHUT_WR)
            assert client.recv(99) == b"%d" % (4 * MEGABYTE)
        with connect(tap) as client:
            client.shutdown(socket.SHUT_WR)
            assert client.recv(9) == b"0"
        samples.until(lambda: not tap._relay.open)
        kept = sum(len(piece.data) for piece in tap.pieces if piece.kind == "data")
        assert MEGABYTE * 0.9 < kept <= MEGABYTE + MOST
        assert kept + tap.dropped == 4 * MEGABYTE + len("4194304") + len("0")
        (note,) = (piece.data.decode() for piece in tap.pieces if piece.kind == "note")
        assert "a tap keeps" in note
        assert samples.HANGUL.search(note)
        assert "bytes are left out" in repr(tap)
        assert "cut short" not in repr(tap)
        tap.clear()
        assert (tap.pieces, tap.dropped) == ([], 0)
        with connect(tap) as client:
            client.shutdown(socket.SHUT_WR)
            client.recv(9)
        assert tap.bytes("←") == b"0"


def test_of_a_connection_with_a_gap_nothing_more_is_kept(monkeypatch):
    monkeypatch.setattr("support.wire.tap.FULL", MEGABYTE)
    with relayed(echo) as tap, connect(tap) as client:
        client.sendall(noise(2 * MEGABYTE, 8))
        got = b""
        while len(got) < 2 * MEGABYTE:
            got += client.recv(MOST)
        tap.clear()
        client.sendall(b"later")
        assert client.recv(9) == b"later"
        assert [piece.kind for piece in tap.pieces] == ["note"]
        assert tap.dropped == 10


def test_many_small_pieces_are_bounded_too(monkeypatch):
    monkeypatch.setattr("support.wire.tap.FULL", 10_000)
    with relayed(echo) as tap, connect(tap) as client:
        for _ in range(100):
            client.sendall(b"x")
            client.recv(1)
        assert len(tap.pieces) < 60


HOLDS = [
    ((), ["→ data", "→ FIN"], []),
    (("→",), ["→ data", "→ FIN"], []),
    (("FIN",), ["→ data", "→ FIN", "← data"], [b"ping"]),
    (("→ FIN",), ["→ data", "→ FIN", "← data"], [b"ping"]),
    (("← FIN",), ["→ data", "→ FIN", "← data", "← FIN"], [b"ping"]),
    (("←",), ["→ data", "→ FIN", "← data", "← FIN"], []),
    (("RST",), ["→ data", "→ FIN", "← data", "← FIN"], [b"ping", b""]),
    (("← RST", "→ RST"), ["→ data", "→ FIN", "← data", "← FIN"], [b"ping", b""]),
]


@pytest.mark.parametrize(("what", "seen", "arrived"), HOLDS)
def test_what_is_held_does_not_arrive_until_it_is_released(what, seen, arrived):
    with relayed(echo) as tap, connect(tap) as client:
        with tap.hold(*what):
            client.sendall(b"ping")
            client.shutdown(socket.SHUT_WR)
            samples.until(lambda: set(kinds(tap)) == set(seen), f"{seen}")
            client.settimeout(0.2)
            got = []
            with contextlib.suppress(TimeoutError):
                while not got or got[-1]:
                    got.append(client.recv(99))
            assert got == arrived
        client.settimeout(samples.HANGING)
        assert b"".join(got) + read_all(client) == b"ping"
        assert set(kinds(tap)) == {"→ data", "→ FIN", "← data", "← FIN"}


def test_a_reset_can_be_held_and_what_is_sent_to_it_meanwhile_is_seen():
    told = []

    def handle(sock):
        sock.recv(9)
        sock.sendall(b"so far")
        go_on.wait(samples.HANGING)
        sock.sendall(b"and more")
        try:
            told.append(sock.recv(9))
        except ConnectionResetError as error:
            told.append(type(error))

    go_on = threading.Event()
    with relayed(handle) as tap:
        client = connect(tap)
        with tap.hold("RST"):
            client.sendall(b"x")
            client.recv(9)
            reset(client)
            samples.until(lambda: tap.pieces[-1].kind == "RST")
            go_on.set()
            assert kinds(tap) == ["→ data", "← data", "→ RST", "← data"]
            assert told == []
        assert samples.until(lambda: told) == [ConnectionResetError]
        assert not tap._relay.open


def test_holds_are_released_one_by_one_or_all_at_once():
    with relayed(echo) as tap, connect(tap) as client:
        outer, inner = tap.hold("→"), tap.hold()
        client.sendall(b"ping")
        inner.release()
        assert kinds(tap) == ["→ data"]
        outer.release()
        outer.release()
        assert client.recv(9) == b"ping"
        tap.hold()
        tap.hold("←")
        client.sendall(b"pong")
        tap.release()
        assert client.recv(9) == b"pong"


def test_a_hold_says_what_it_holds():
    with relayed(echo) as tap:
        assert repr(tap.hold()) == "<held: everything>"
        assert repr(tap.hold("→", "← FIN")) == "<held: →, ← FIN>"


@pytest.mark.parametrize("word", ["", "up", "data", "→ ←", "FIN RST", "→ FIN →", "→ up"])
def test_what_cannot_be_held_is_told_in_both_languages(word):
    with relayed(echo) as tap:
        with pytest.raises(BenchError) as caught:
            tap.hold(word)
        assert repr(word) in caught.value.en
        assert samples.HANGUL.search(caught.value.ko)


def test_how_many_bytes_wait():
    with relayed(echo) as tap, connect(tap) as client:
        assert tap.waiting == {"→": 0, "←": 0}
        with tap.hold("→"):
            client.sendall(noise(3000, 9))
            assert tap.waiting == {"→": 3000, "←": 0}
        assert len(client.recv(3000, socket.MSG_WAITALL)) == 3000
        assert tap.waiting == {"→": 0, "←": 0}


def test_what_waits_is_more_than_the_tap_itself_has_taken():
    with relayed(echo) as tap, connect(tap) as client, tap.hold("→"):
        client.setblocking(False)
        sent = 0
        with contextlib.suppress(BlockingIOError):
            while sent < 8 * MEGABYTE:
                sent += client.send(noise(MOST, 10))
        tap.settle()
        assert MOST < tap.waiting["→"] <= sent
        assert sum(len(piece.data) for piece in tap.pieces) == MOST


ECHO = """
import socket, threading

def echo(sock):
    with sock:
        while data := sock.recv(99):
            sock.sendall(data)

listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
while True:
    threading.Thread(target=echo, args=[listener.accept()[0]], daemon=True).start()
"""


@pytest.fixture
def apart():
    """A tap before an echo in a process of its own, of whose sockets a fork of ours has no copy."""
    with subprocess.Popen([sys.executable, "-c", ECHO], stdout=subprocess.PIPE) as server:
        tap = tap_to(int(server.stdout.readline()))
        yield tap
        tap.close()
        server.kill()


@contextlib.contextmanager
def forked(count: int, does=lambda: None):
    """Children of ours that live until the end; each does something first."""
    children = []
    for _ in range(count):
        if child := os.fork():
            children.append(child)
            continue
        try:
            does()
            signal.pause()
        finally:
            os._exit(1)
    try:
        yield
    finally:
        for child in children:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)


def sockets() -> set[str]:
    """The sockets, pidfds and polls that this process has open."""
    found = set()
    for number in os.listdir("/proc/self/fd"):
        with contextlib.suppress(OSError):
            found.add(os.readlink(f"/proc/self/fd/{number}"))
    return {name for name in found if not name.startswith(("/", "pipe:"))}


def test_what_a_cell_notes_has_not_crossed():
    with relayed(lambda sock: sock.recv(1)) as tap:
        tap.note("go: one")
        with pytest.raises(BenchError):
            tap.until(b"one", timeout=0)


@pytest.fixture
def others():
    """The sockets that were open before: a notebook that has run in this process leaves some of its client's."""
    return sockets()


@pytest.mark.skipif(not os.path.exists("/proc/self/fd"), reason="/proc tells which sockets are open")
def test_a_forked_child_has_no_copy_of_a_sockets_of_a_tap(others, apart):
    def tell():
        os.write(writing, "\n".join(sockets() - before).encode() + b"\n.")

    reading, writing = os.pipe()
    with connect(apart) as client:
        client.sendall(b"x")
        client.recv(1)
        ours = {f"socket:[{os.fstat(client.fileno()).st_ino}]"}
        before = others | (sockets() & ours)
        with forked(1, tell):
            assert os.read(reading, 9999) == b"\n."
            client.sendall(b"y")  # the parent's goes on
            assert client.recv(1) == b"y"
    os.close(reading)
    os.close(writing)


def test_forks_while_connections_come_and_go(apart):
    def talk(_):
        with connect(apart) as client:
            client.sendall(b"x")
            assert client.recv(1) == b"x"
            client.shutdown(socket.SHUT_WR)
            assert client.recv(1) == b"", "a child holds it open"

    with ThreadPoolExecutor(4) as pool:
        talks = [pool.submit(talk, number) for number in range(200)]
        with forked(10):
            for each in talks:
                each.result()


def test_a_tap_that_a_child_has_copied_can_be_closed(apart):
    with forked(3):
        apart.close()
        assert not samples.accepts(apart.port)


def test_a_tap_of_a_tls_server_says_so():
    with relayed(echo) as tap:
        other = Tap(SimpleNamespace(port=tap.upstream.port, tls=True), samples.unused(samples.quiet_port()))
        assert (other.url, other.ws_url) == (f"https://{other.address}", f"wss://{other.address}")
        other.close()


def test_a_reset_before_the_tap_knows_that_it_is_connected_is_no_refusal(monkeypatch):
    """On a busy machine all of it may have happened before the relay looks."""

    def handle(sock):
        sock.sendall(b"so far")
        reset(sock)

    with relayed(handle) as tap:
        serve = tap._relay._serve

        def late(side, events):
            time.sleep(0.2 if side.connecting else 0)
            return serve(side, events | select.POLLERR if side.connecting else events)

        monkeypatch.setattr(tap._relay, "_serve", late)
        with connect(tap) as client:
            assert client.recv(99) == b"so far"
            with pytest.raises(ConnectionResetError):
                client.recv(99)
        assert kinds(tap) == ["← data", "← RST"]
