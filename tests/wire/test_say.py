"""A request as it stands: what is sent, and when its answer is over."""

import contextlib
import re
import socket
import ssl
import struct
import threading
from types import SimpleNamespace

import pytest
import samples
import trustme

from support.errors import BenchError
from support.wire.say import GRACE, say

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"
CLOSING = OK.replace(b"OK\r\n", b"OK\r\nConnection: close\r\n")
CHUNKS = [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n", b"0\r\n\r\n"]
GET = "GET / HTTP/1.1"
WAIT = {"timeout": samples.HANGING}  # nobody waits that long, unless what is tested is broken


@contextlib.contextmanager
def server(*answers: bytes, ends: str = "", heard: list | None = None):
    """A server that answers what comes, piece by piece, and then stays open, or ends with a FIN or a RST."""
    near, far = socket.socketpair()
    far.settimeout(samples.HANGING)

    def serve():
        with contextlib.suppress(OSError):
            came = far.recv(65536)
            for answer in answers:
                far.sendall(answer)
            if ends:
                far.shutdown(socket.SHUT_WR)
            while more := far.recv(65536):
                came += more
            if heard is not None:
                heard.append(came)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield SimpleNamespace(connect=lambda timeout: near)
    finally:
        near.close()
        thread.join()
        far.close()


def heard(*args, **options) -> bytes:
    """What a server hears of a request."""
    came: list[bytes] = []
    with server(OK, heard=came) as web:
        say(web, *args, **options, **WAIT)
    return came[0]


def test_a_request_goes_as_it_stands():
    assert heard(f"{GET}\r\nX-Odd:  1", b"more") == b"GET / HTTP/1.1\r\nX-Odd:  1\r\nHost: bench\r\n\r\nmore"
    assert heard("GET /카페 HTTP/1.1") == "GET /카페 HTTP/1.1\r\nHost: bench\r\n\r\n".encode()
    assert heard(GET, host="a:80") == b"GET / HTTP/1.1\r\nHost: a:80\r\n\r\n"
    assert heard(GET, host="") == b"GET / HTTP/1.1\r\nHost: \r\n\r\n"
    assert heard(GET, host=None) == b"GET / HTTP/1.1\r\n\r\n"


ANSWERS = {
    "a length": (GET, b"", [OK]),
    "in pieces": (GET, b"", [OK[:7], OK[7:-1], OK[-1:]]),
    "chunks": (GET, b"", CHUNKS),
    "HEAD": ("HEAD / HTTP/1.1", b"", [OK[:-2]]),
    "204": (GET, b"", [b"HTTP/1.1 204 No Content\r\n\r\n"]),
    "after a 100": ("POST / HTTP/1.1\r\nContent-Length: 1", b"x", [b"HTTP/1.1 100 Continue\r\n\r\n", OK]),
    "two requests": (GET, b"GET /2 HTTP/1.1\r\nHost: x\r\n\r\n", [OK, *CHUNKS]),
    "two answers at once": (GET, b"GET /2 HTTP/1.1\r\nHost: x\r\n\r\n", [OK + OK]),
    "a request and what is none": (GET, b"Is anybody there?\r\n\r\n", [OK, OK.replace(b"200 OK", b"400 No")]),
    "a handshake": (
        f"{GET}\r\nUpgrade: websocket",
        b"",
        [b"HTTP/1.1 101 Switching Protocols\r\n\r\n"],
    ),
    "a handshake with a request behind it": (
        f"{GET}\r\nUpgrade: websocket",
        b"GET /2 HTTP/1.1\r\nHost: x\r\n\r\n",
        [b"HTTP/1.1 101 Switching Protocols\r\n\r\n"],
    ),
    "a handshake that is refused": (f"{GET}\r\nUpgrade: websocket", b"", [OK.replace(b"200 OK", b"403 No")]),
    "a tunnel": ("CONNECT a:1 HTTP/1.1", b"", [b"HTTP/1.1 200 OK\r\n\r\n"]),
    "no Host where one must be": (GET, b"", [OK], None),
    "a head that is not complete": (GET, b"GET /2 HTTP/1.1\r\n", [OK]),
}


@pytest.mark.parametrize(
    ("head", "body", "answers", "host"), [(*a, "bench")[:4] for a in ANSWERS.values()], ids=ANSWERS
)
def test_it_returns_when_the_answer_is_complete(head, body, answers, host):
    """Though the server keeps the connection open."""
    with server(*answers) as web:
        assert say(web, head, body, host=host, **WAIT) == b"".join(answers)


def test_it_returns_at_the_end_of_an_answer_that_only_the_end_ends():
    answer = b"HTTP/1.1 200 OK\r\n\r\nall of it"
    with server(answer, ends="FIN") as web:
        assert say(web, GET, **WAIT) == answer
    with server(b"<p>HTTP/0.9", ends="FIN") as web:
        assert say(web, "GET /", **WAIT) == b"<p>HTTP/0.9"
    with server(OK[:-1], ends="FIN") as web:
        assert say(web, GET, **WAIT) == OK[:-1]
    with server(ends="FIN") as web:
        assert say(web, GET, **WAIT) == b""


class Scripted:
    """A connection on which these pieces come, one a read, and then silence; `waits` are the timeouts of the reads."""

    def __init__(self, *pieces: bytes) -> None:
        self.pieces, self.waits = list(pieces), []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def sendall(self, data):
        pass

    def settimeout(self, seconds):
        self.waits.append(seconds)

    def recv(self, size):
        if not self.pieces:
            raise TimeoutError
        return self.pieces.pop(0)


def test_what_a_closing_server_sends_too_much_is_there():
    sock = Scripted(CLOSING, b" and more", b"")
    assert say(SimpleNamespace(connect=lambda timeout: sock), GET, **WAIT) == CLOSING + b" and more"


def test_a_server_that_says_it_closes_and_does_not_is_given_a_moment():
    sock = Scripted(CLOSING)
    assert say(SimpleNamespace(connect=lambda timeout: sock), GET, **WAIT) == CLOSING
    assert sock.waits == [samples.HANGING, GRACE]


def silence(*answers) -> BenchError:
    """What is said when a server falls silent after its answers."""
    with server(*answers) as web, pytest.raises(BenchError) as caught:
        say(web, GET, timeout=0.1)
    return caught.value


def test_a_server_that_is_silent():
    for error in (silence(), silence(OK[:-1]), silence(b"what?\r\n\r\n")):
        assert "0.1 s" in error.en
        assert re.search("0.1초.*않았습니다", error.ko)
    assert silence().evidence == ""
    assert silence(OK[:-1]).evidence.splitlines()[-1] == "h"
    assert silence(OK[:-1]).evidence.splitlines()[0] == r"HTTP/1.1 200 OK\r\n"


def resetting(answer: bytes):
    """A server that answers and resets."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve():
        sock, _ = listener.accept()
        sock.recv(65536)
        sock.sendall(answer)
        got_it.wait(samples.HANGING if answer else 0)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        sock.close()
        listener.close()

    got_it = threading.Event()
    threading.Thread(target=serve, daemon=True).start()
    near = socket.create_connection(listener.getsockname(), timeout=samples.HANGING)
    return SimpleNamespace(connect=lambda timeout: _Telling(near, got_it))


class _Telling:
    """A socket that tells when something was read from it."""

    def __init__(self, sock, event) -> None:
        self.sock, self.event = sock, event

    def __getattr__(self, name):
        return getattr(self.sock, name)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.sock.close()

    def recv(self, size):
        data = self.sock.recv(size)
        self.event.set()
        return data


def test_a_reset():
    assert say(resetting(OK[:-1]), GET, **WAIT) == OK[:-1]
    with pytest.raises(BenchError, match="RST"):
        say(resetting(b""), GET, **WAIT)


def test_by_port(stranger):
    answer = say(SimpleNamespace(port=stranger), "GET / HTTP/1.0\r\nX-Odd:  1", b"more")
    assert answer.startswith(b"HTTP/1.0 200 OK\r\n")
    assert answer.endswith(b"\r\n\r\nstranger")


def test_in_tls():
    """With a certificate that nobody knows."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("localhost").configure_cert(context)
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve():
            far, _ = listener.accept()
            with contextlib.suppress(OSError), context.wrap_socket(far, server_side=True) as secure:
                secure.recv(65536)
                secure.sendall(OK)
                secure.recv(1)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        port = listener.getsockname()[1]
        assert say(SimpleNamespace(url=f"https://127.0.0.1:{port}", port=port), GET, **WAIT) == OK
        thread.join()
