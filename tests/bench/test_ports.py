"""The bench tells its own server from a stranger's on the same port."""

import os
import socket
import threading

import httpx
import pytest
import samples

from support.bench import ports, server

WITHOUT_IPV6 = pytest.mark.skipif(not socket.has_dualstack_ipv6(), reason="this machine has no IPv6")
LATE = '''
"""A web server that listens only once the file "now" is there."""

import http.server, os, sys, time

while not os.path.exists("now"):
    time.sleep(0.01)
http.server.test(http.server.SimpleHTTPRequestHandler, port=int(sys.argv[1]), bind="127.0.0.1")
'''


@pytest.mark.skipif("sys.platform != 'linux'", reason="the quick look is Linux' own")
@pytest.mark.parametrize("address", ["127.0.0.1", "0.0.0.0", pytest.param("::", marks=WITHOUT_IPV6)])
def test_a_listener_of_ours_is_known_at_once(address):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.create_server((address, 0), family=family, dualstack_ipv6=":" in address) as listener:
        port = listener.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)):
            assert ports.certainly_reaches(port, os.getpid())
            assert not ports.certainly_reaches(port, os.getppid())
    assert not ports.certainly_reaches(port, os.getpid())


def test_a_connected_socket_does_not_listen(stranger):
    with socket.create_connection(("127.0.0.1", stranger)) as client:
        assert not ports.certainly_reaches(client.getsockname()[1], os.getpid())


def test_where_the_quick_look_knows_nothing_psutil_decides(shared, stranger, monkeypatch):
    monkeypatch.setattr(server, "certainly_reaches", lambda port, pid: False)
    assert httpx.get(shared.run("python hello.py").url).text == "hello"
    with pytest.raises(server.BenchError, match="is taken"):
        shared.run("python hello.py", port=stranger)


def test_a_port_that_a_stranger_leaves_in_time(shared):
    (shared.folder / "late.py").write_text(LATE, encoding="utf-8")
    port = samples.quiet_port()

    def leave(listener):
        connection, _ = listener.accept()
        connection.close()
        listener.close()
        (shared.folder / "now").touch()

    listener = socket.create_server(("127.0.0.1", port))
    threading.Thread(target=leave, args=[listener], daemon=True).start()
    assert httpx.get(shared.run("python late.py", port=port).url).status_code == 200
