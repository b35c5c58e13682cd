"""What comes back inside of an h2c tunnel, and where there is none."""

import socket
import threading

import pytest

from support import Bench
from support.exercises.nginx_one_or_two.tunnel import inside
from support.loopback import HOST

APP = """
async def app(scope, receive, send):
    assert scope["type"] == "http"
    await send({"type": "http.response.start", "status": 203})
    await send({"type": "http.response.body", "body": scope["path"].encode()})
"""


@pytest.fixture
def bench():
    bench = Bench()
    (bench.folder / "named.py").write_text(APP, encoding="utf-8")
    yield bench
    bench.close()


def test_a_path_is_answered_inside_of_the_tunnel(bench):
    server = bench.run("hypercorn named:app --bind {address}")
    assert inside(server, "/outer", "/inner") == "203 /inner"


def test_a_server_that_does_not_upgrade_makes_no_tunnel(bench):
    assert inside(bench.run("uvicorn named:app"), "/outer", "/inner") == "203, no tunnel"


class Silent:
    """A site that hears a request and hangs up."""

    def __init__(self) -> None:
        self.listener = socket.create_server((HOST, 0))
        self.port = self.listener.getsockname()[1]
        self.address = f"{HOST}:{self.port}"

    def hang_up(self) -> None:
        client, _ = self.listener.accept()
        client.recv(65536)
        client.close()


def test_a_server_that_hangs_up_is_told():
    site = Silent()
    with site.listener:
        hanging_up = threading.Thread(target=site.hang_up)
        hanging_up.start()
        with pytest.raises(EOFError, match="hung up"):
            inside(site, "/outer", "/inner")
        hanging_up.join()
