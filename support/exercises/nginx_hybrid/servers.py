"""The servers that these checks start for themselves, the client that asks them, and the handshake it sends."""

import contextlib
import io
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx

from ...bench.server import Server

HERE = Path(__file__).parent
PATIENCE = 10  # seconds; a busy machine may need some of them, and whatever is wrong answers at once
HANDSHAKE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "MDEyMzQ1Njc4OWFiY2RlZg==",
}


def client():
    """An httpx client for all requests of a check. No server here has a certificate to be verified."""
    return httpx.Client(timeout=PATIENCE, verify=False)


def site(name):
    """The text of one of the nginx sites that lie beside this file."""
    return (HERE / f"{name}.conf.jinja").read_text(encoding="utf-8")


@contextlib.contextmanager
def running(bench):
    """A function that starts servers on the bench without a word, and ends them all when the block ends."""
    for program in HERE.glob("exercise_*.py"):
        shutil.copyfile(program, bench.folder / program.name)
    started = []

    def start(command, site=None, names=None):
        with contextlib.redirect_stdout(io.StringIO()):
            name = f"exercise-{len(started)}"
            server = bench.nginx(site, names, name=name) if site else bench.run(command, name=name)
        started.append(server)
        return server

    try:
        yield start
    finally:
        with ThreadPoolExecutor() as together:
            list(together.map(Server.stop, started))


def halves(start):
    """Both halves: gunicorn with the pages, daphne with the chat."""
    access = "--access-logfile - --access-logformat '\"%(r)s\" %(s)s'"
    return {"pages": start(f"gunicorn exercise_pages:app {access}"), "chat": start("daphne exercise_chat:app")}
