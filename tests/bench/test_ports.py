"""Claims on ports, and how the bench tells its own server from a stranger's on the same port."""

import os
import socket
import stat
import subprocess
import sys
import threading

import httpx
import pytest
import samples

from support import BenchError
from support.bench import ports
from support.bench.ports import Claim, Claimed

WITHOUT_IPV6 = pytest.mark.skipif(not socket.has_dualstack_ipv6(), reason="this machine has no IPv6")
LINUX = pytest.mark.skipif(sys.platform != "linux", reason="the quick look is Linux' own")
LATE = '''
"""A web server that listens only once the file "now" is there."""

import http.server, os, sys, time

open("waits", "w").close()
while not os.path.exists("now"):
    time.sleep(0.01)
http.server.test(http.server.SimpleHTTPRequestHandler, port=int(sys.argv[1]), bind="127.0.0.1")
'''


@pytest.fixture(params=[pytest.param(True, marks=LINUX), False], ids=["Linux", "elsewhere"])
def system(request, monkeypatch, tmp_path):
    """With Linux's abstract sockets and sock_diag, and without."""
    monkeypatch.setattr(ports, "LINUX", request.param)
    monkeypatch.setattr(ports, "LOCKS", tmp_path)


@LINUX
@pytest.mark.parametrize("address", ["127.0.0.1", "0.0.0.0", pytest.param("::", marks=WITHOUT_IPV6)])
def test_a_listener_of_ours_is_known_at_once(address):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.create_server((address, 0), family=family, dualstack_ipv6=":" in address) as listener:
        port = listener.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)):
            assert ports.holds(os.getpid(), ports.listener(port))
            assert not ports.holds(os.getppid(), ports.listener(port))
            assert (listener.fileno() and os.fstat(listener.fileno()).st_ino in ports.abroad()) == (
                address != "127.0.0.1"
            )
    assert ports.listener(port) is None


@LINUX
def test_a_connected_socket_does_not_listen(stranger):
    with socket.create_connection(("127.0.0.1", stranger)) as client:
        inode = ports.listener(client.getsockname()[1])
        assert inode is None or not ports.holds(os.getpid(), inode)


@pytest.mark.parametrize(
    ("address", "alone"),
    [
        ("127.0.0.1", True),
        ("127.3.2.1", True),
        ("0.0.0.0", False),
        ("192.0.2.1", False),
        ("::1", True),
        ("::", False),
        ("::ffff:127.0.0.1", True),
        ("::ffff:192.0.2.1", False),
        ("2001:db8::1", False),
    ],
)
def test_what_this_machine_alone_can_reach(address, alone):
    packed = socket.inet_pton(socket.AF_INET6 if ":" in address else socket.AF_INET, address)
    assert ports.loopback(packed) is alone


def test_a_port_is_claimed_once(system):
    port = samples.quiet_port()
    claim = Claim(port)
    with pytest.raises(Claimed):
        Claim(port)
    claim.close()
    Claim(port).close()


def test_the_claims_of_one_bench_are_passed_over_by_another(system):
    first = samples.quiet_port()
    mine, other = next(ports.claims(first)), next(ports.claims(first))
    assert first <= mine.port < other.port
    for claim in (mine, other):
        claim.close()


def test_a_claim_is_made_before_the_port_is_tried(system, monkeypatch):
    claim = Claim(samples.quiet_port())
    tried = []
    monkeypatch.setattr(ports, "free", lambda port: not tried.append(port))
    next(ports.claims(claim.port)).close()
    assert claim.port not in tried
    claim.close()


def test_a_claim_lasts_as_long_as_the_program_that_has_it(system):
    claim = Claim(samples.quiet_port())
    program = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, pass_fds=[claim.fileno()])
    claim.close()
    with pytest.raises(Claimed):
        Claim(claim.port)
    program.communicate()
    Claim(claim.port).close()


def test_a_forked_process_holds_no_claim(system):
    claim = Claim(samples.quiet_port())
    with samples.forked() as child:
        claim.close()
        Claim(claim.port).close()
        assert child.is_alive()


def test_every_user_may_open_the_file_of_a_claim(monkeypatch, tmp_path):
    monkeypatch.setattr(ports, "LINUX", False)
    monkeypatch.setattr(ports, "LOCKS", tmp_path)
    before = os.umask(0o077)
    try:
        Claim(20000).close()
    finally:
        os.umask(before)
    (path,) = tmp_path.iterdir()  # it stays, or two could hold it at once
    assert stat.S_IMODE(path.stat().st_mode) == 0o666


def test_no_more_files_may_be_opened(system, monkeypatch):
    """That is told as what it is, and not as a port that another has."""

    def full(port):
        raise OSError(24, "Too many open files")

    monkeypatch.setattr(ports, "_abstract", full)
    monkeypatch.setattr(ports, "_locked", full)
    with pytest.raises(OSError, match="Too many open files"):
        next(ports.claims(20000))


def test_without_a_free_port(system, monkeypatch):
    monkeypatch.setattr(ports, "free", lambda port: False)
    with pytest.raises(BenchError, match="No port from 20000 on is free") as caught:
        next(ports.claims(20000))
    assert samples.HANGUL.search(caught.value.ko)


def test_the_bench_tells_its_server_from_a_stranger(shared, familiar, stranger, system):
    assert httpx.get(shared.run("python hello.py").url).text == "hello"
    with pytest.raises(BenchError, match="is taken"):
        shared.run("python hello.py", port=stranger)


def test_where_sock_diag_is_switched_off_psutil_decides(shared, familiar, monkeypatch):
    monkeypatch.setattr(ports, "NETLINK_SOCK_DIAG", 31)  # a protocol that no kernel has
    ports._tells.cache_clear()
    try:
        assert httpx.get(shared.run("python hello.py").url).text == "hello"
        assert not ports._tells()
    finally:
        ports._tells.cache_clear()


def test_nobody_knocks_at_a_strangers_port(shared, familiar, system):
    """Not even when the port was asked for: the program itself finds out that it is taken."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        with pytest.raises(BenchError, match="is taken"):
            shared.run("gunicorn hello:app", port=listener.getsockname()[1])
        with pytest.raises(BlockingIOError):
            listener.accept()


def test_a_port_that_a_stranger_leaves_in_time(shared):
    (shared.folder / "late.py").write_text(LATE, encoding="utf-8")
    port = samples.quiet_port()
    listener = socket.create_server(("127.0.0.1", port))

    def leave():
        samples.until((shared.folder / "waits").exists)
        listener.close()
        (shared.folder / "now").touch()

    threading.Thread(target=leave, daemon=True).start()
    assert httpx.get(shared.run("python late.py", port=port).url).status_code == 200


@LINUX
def test_a_descriptor_that_was_closed_while_we_looked_hides_no_other(monkeypatch):
    listdir = os.listdir
    with socket.create_server(("127.0.0.1", 0)) as listener:
        monkeypatch.setattr(os, "listdir", lambda path: ["987654", *listdir(path)])
        assert ports.holds(os.getpid(), os.fstat(listener.fileno()).st_ino)
