"""What the workers of a gunicorn hold, as the system tells; what its log complains of, in gunicorn's own words."""

import re
from contextlib import suppress

import psutil

from ...bench.server import Server
from ...waiting import until

# `[2026-11-28 02:38:41 +0000] [18412] [CRITICAL] WORKER TIMEOUT (pid:18414)`: the level, and the words.
COMPLAINT = re.compile(r"\[[^]]*\] \[\d+\] \[(WARNING|ERROR|CRITICAL)\] (.*)")
PID = re.compile(r" \(pid: ?\d+\)")
PATIENCE = 20  # seconds; what is waited for always comes, on a busy machine later
GREENLETS = 1000  # gunicorn's default of --worker-connections: what a gevent worker works on at once


def places(server: Server) -> int:
    """How many requests a gunicorn works on at once, as its command says: its workers times their threads."""
    each = GREENLETS if "gevent" in server.shown else _option(server, "threads")
    return _option(server, "workers") * each


def _option(server: Server, name: str) -> int:
    found = re.search(rf"--{name} (\d+)", server.shown)
    return int(found[1]) if found else 1


def held(server: Server, connections: int) -> tuple[int, int, int]:
    """How many workers a gunicorn has, how many of the connections they have accepted, how many are in the backlog.

    A connection in the backlog is made, by the kernel, and no worker has it yet. Waits until those are accepted that
    will be, or a worker has ended: a sync worker takes one at a time, gthread and gevent more than they work on.
    """
    master = psutil.Process(server.process.pid)
    until(lambda: len(master.children()) >= _option(server, "workers"), PATIENCE)  # one of them answers before the rest
    workers = master.children()
    takes_more = re.search("--threads|gevent", server.shown)
    expected = connections if takes_more else min(connections, len(workers))
    until(lambda: _accepted(server, workers) >= expected or not all(map(psutil.Process.is_running, workers)), PATIENCE)
    accepted = _accepted(server, workers)
    return len(workers), accepted, connections - accepted


def _accepted(server: Server, workers: list[psutil.Process]) -> int:
    connections = []
    for worker in workers:
        with suppress(psutil.NoSuchProcess):  # gunicorn has ended it: what held it was held for too long
            connections += worker.net_connections("tcp")
    return sum(each.status == "ESTABLISHED" and each.laddr.port == server.port for each in connections)


def told_to_stop(server: Server) -> None:
    """Sends SIGTERM to a gunicorn, and returns once its only worker, which sleeps in a call, has been told too.

    The worker says nothing of it: that it has woken for the signal is seen from the times that it went to sleep.
    """
    (worker,) = psutil.Process(server.process.pid).children()
    until(lambda: worker.status() == psutil.STATUS_SLEEPING, PATIENCE)
    before = worker.num_ctx_switches().voluntary
    server.process.terminate()
    until(lambda: worker.num_ctx_switches().voluntary > before, PATIENCE)


def complaints(server: Server, also: str | None = None) -> list[str]:
    """The lines of a gunicorn's log from WARNING up, without times and process numbers: `CRITICAL WORKER TIMEOUT`.

    Among them, where it stands, the line `also`, which the app prints. The SIGKILL of a worker that has timed out, and
    has not ended a second later, is left out: whether it comes depends on the client and on the machine.
    """
    found: list[str] = []
    timed_out: set[str] = set()
    for line in server.log().splitlines():
        level, words = complaint.groups() if (complaint := COMPLAINT.fullmatch(line)) else ("", "")
        pid = PID.search(words)
        if pid and words.startswith("WORKER TIMEOUT"):
            timed_out.add(pid[0])
        if line == also:
            found.append(line)
        elif level and not (pid and "SIGKILL" in words and pid[0] in timed_out):
            found.append(f"{level} {PID.sub('', words)}")
    return found
