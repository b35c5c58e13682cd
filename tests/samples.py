"""What the tests of support/ share: small apps, strangers on a port, and looks at what is left of a bench."""

import contextlib
import http.server
import multiprocessing
import os
import re
import socket
import threading
import time
from pathlib import Path

import psutil

from support.bench import ports

HANGUL = re.compile(r"[가-힣]")
HANGING = 60  # seconds after which a wait is given up; no test depends on how long anything takes

HELLO = '''
"""One app for WSGI, one for ASGI, and wsgiref to run the first."""

import sys
from wsgiref.simple_server import make_server


def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"hello"]


async def asgi(scope, receive, send):
    if scope["type"] == "lifespan":
        return await lifespan(receive, send)
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"5")]})
    await send({"type": "http.response.body", "body": b"hello"})


async def lifespan(receive, send):
    while (await receive())["type"] == "lifespan.startup":
        await send({"type": "lifespan.startup.complete"})
    await send({"type": "lifespan.shutdown.complete"})


if __name__ == "__main__":
    make_server("127.0.0.1", int(sys.argv[1]), app).serve_forever()
'''

ECHO = '''
"""A WebSocket that says again what it hears."""


async def app(scope, receive, send):
    if scope["type"] != "websocket":
        return
    await receive()
    await send({"type": "websocket.accept"})
    while (event := await receive())["type"] == "websocket.receive":
        await send({"type": "websocket.send", "text": event["text"]})
'''


def until(condition, what: str = "it"):
    """The condition's first true value; fails when it stays false."""
    deadline = time.monotonic() + HANGING
    while not (value := condition()):
        assert time.monotonic() < deadline, f"{what} did not happen"
        time.sleep(0.01)
    return value


def accepts(port: int) -> bool:
    """True if somebody listens on the port."""
    with socket.socket() as client:
        client.settimeout(HANGING)
        return client.connect_ex(("127.0.0.1", port)) == 0


def processes(folder: Path, keeper: int) -> list[str]:
    """The commands of the living processes of the bench in that folder, its keeper among them."""
    return [*_living(folder, keeper).values()]


def _living(folder: Path, keeper: int) -> dict[int, str]:
    """The same by their numbers; in the midst of exec a process has no command."""
    found = {}
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            # nginx writes its title over its environment, a daemon leaves the group.
            ours = os.getpgid(process.pid) == keeper or process.environ().get("BENCH") == str(folder)
            # The main thread of a zombie has ended; others may still run.
            if ours and (process.status() != psutil.STATUS_ZOMBIE or process.num_threads() > 1):
                found[process.pid] = " ".join(process.cmdline())
    return found


def programs(bench) -> list[str]:
    """The commands of all that runs on a bench."""
    keeper = bench._keeper.pid
    return [command for pid, command in _living(bench.folder, keeper).items() if pid != keeper]


def quiet_port() -> int:
    """A port below the ephemeral ones that nobody uses; every pytest process looks elsewhere."""
    start = 20000 + os.getpid() % 250 * 40
    for port in range(start, start + 2000):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # connections that are over do not count
            probe.bind(("127.0.0.1", port))
            return port
    raise AssertionError("no quiet port")


@contextlib.contextmanager
def forked():
    """A process that this one has forked, and that lives on until it is told to end."""
    fork = multiprocessing.get_context("fork")
    here, there = fork.Pipe()
    child = fork.Process(target=lambda: (there.send("begun"), there.recv()), daemon=True)
    child.start()
    try:
        assert here.recv() == "begun"
        yield child
    finally:
        here.send("enough")
        child.join()


def unused(first: int) -> int:
    """A port from `first` on that nobody uses, nor any bench of the machine is about to."""
    claim = next(ports.claims(first))
    claim.close()
    return claim.port


class _Stranger(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"stranger")

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def stranger(port: int = 0):
    """Somebody else's web server, in this process; its port."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", port), _Stranger)
    threading.Thread(target=server.serve_forever, args=[0.01], daemon=True).start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
