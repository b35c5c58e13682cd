"""A program's processes: which there are, where they listen, and whether they get on with their work.

Most looks are at the program's own process, then at its descendants that stayed in the bench's process group: to
find all descendants of a process, psutil reads the state of every process of the machine.
"""

import contextlib
import os
import socket
import subprocess
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import psutil

from ..loopback import HOST
from . import keeper, ports

SHARE = 0.02  # of a core: who gets less work done than this does not get on, even on a machine that is very busy
REACHED = (HOST, "0.0.0.0", "::")  # by a connection to HOST
MOST = 15  # times the timeout: so long, at most, a program that works without an end is waited for


class Family:
    """The program that runs as `process`, and all that descends from it.

    Made before the program starts, so as to know who listened already. By the file `events` that its environment
    names, by its `log` and its claims, all of which are inherited, is known what it leaves behind.
    """

    def __init__(self, folder: Path, group: int, events: Path, log: Path, claims: Iterable[ports.Claim] = ()) -> None:
        self.folder, self.group, self.events, self.log = str(folder), group, str(events), str(log)
        self.process: subprocess.Popen | None = None
        self._marks = [os.stat(log), *(os.fstat(claim.fileno()) for claim in claims)]
        self._before = set(_abroad_or_nothing())

    def near(self) -> list[int]:
        """The pids of the program and its descendants in the group, its own first; none once it has ended."""
        if self._over():
            return []
        group = []
        for pid in psutil.pids():
            with contextlib.suppress(psutil.Error, OSError):
                if os.getpgid(pid) == self.group:
                    group.append(psutil.Process(pid))
        return [process.pid for process in self._descendants(group)]

    def everyone(self) -> list[psutil.Process]:
        """The program and its descendants of the bench, wherever they are, the program first; none once it has ended.

        To find them among the bench's own takes a fraction of what psutil takes, who asks every process for its parent.
        """
        if self._over():  # its number may be another's by now
            return []
        return self._descendants(keeper.ours(self.folder, self.group))

    def _over(self) -> bool:
        return self.process is None or self.process.poll() is not None

    def _descendants(self, processes: Iterable[psutil.Process]) -> list[psutil.Process]:
        """The program, and those of the processes that descend from it."""
        parents = {}
        for process in processes:
            with contextlib.suppress(psutil.Error):
                parents[process] = process.ppid()
        found = [psutil.Process(self.process.pid)]
        for one in found:
            found += [process for process, parent in parents.items() if parent == one.pid]
        return found

    def left_behind(self) -> Iterator[psutil.Process]:
        """Processes that the program has started, wherever they are now: daemons, or children that outlived it."""
        for process in keeper.ours(self.folder, self.group):
            with contextlib.suppress(psutil.Error, OSError):
                if keeper.says(process.pid, f"BENCH_EVENTS={self.events}") or self._holds_a_mark(process):
                    yield process

    def _holds_a_mark(self, process: psutil.Process) -> bool:
        """Whether the process has open what was opened for the program: one that has overwritten its environment."""
        if not ports.LINUX:
            return any(file.path == self.log for file in process.open_files())
        folder = f"/proc/{process.pid}/fd"
        for number in os.listdir(folder):
            with contextlib.suppress(FileNotFoundError):  # it was closed while we looked
                one = os.stat(f"{folder}/{number}")
                if any(os.path.samestat(one, mark) for mark in self._marks):
                    return True
        return False

    def owns(self, port: int) -> bool | None:
        """True if the program listens on the port, False if somebody else does, None if nobody that we know of."""
        try:
            inode = ports.listener(port)
        except OSError:
            return any(own == port and host in REACHED for host, own in self.listening()) or None
        if inode is None:
            return None
        return any(ports.holds(pid, inode) for pid in self._pids())

    def _pids(self) -> Iterator[int]:
        """All pids of the family, those that are found quickly first."""
        yield self.process.pid
        yield from self.near()
        yield from (process.pid for process in self.everyone())

    def listening(self) -> list[tuple[str, int]]:
        """The addresses (host, port) on which the program listens, slowly."""
        found = []
        for process in self.everyone():
            with contextlib.suppress(psutil.Error):
                connections = process.net_connections("tcp")
                found += [tuple(one.laddr) for one in connections if one.status == psutil.CONN_LISTEN]
        return found

    def abroad(self) -> str | None:
        """An address on which the program listens and that other machines can reach, as 0.0.0.0:8000; else None."""
        try:
            new = {inode: where for inode, where in ports.abroad().items() if inode not in self._before}
        except OSError:
            packed = ((_packed(host), port) for host, port in self.listening())
            return next((ports.written(*one) for one in packed if not ports.loopback(one[0])), None)
        held = (where for inode, where in new.items() if any(ports.holds(pid, inode) for pid in self._pids()))
        return next(held, None)

    def work(self) -> float:
        """The processor time that the program has had, in seconds."""
        total = 0.0
        for pid in self.near():
            with contextlib.suppress(psutil.Error):
                total += sum(psutil.Process(pid).cpu_times()[:4])  # its own, and that of children which have ended
        return total

    def runnable(self) -> bool:
        """Whether the program would work now if the machine let it: it waits for a processor, or for the disk."""
        for pid in self.near():
            with contextlib.suppress(psutil.Error):
                if psutil.Process(pid).status() in (psutil.STATUS_RUNNING, psutil.STATUS_DISK_SLEEP):
                    return True
        return False


class Patience:
    """How long a program is waited for: what counts is time in which it does not get on, not a slow machine's."""

    def __init__(self, family: Family, timeout: float) -> None:
        self.family, self.timeout = family, timeout
        self._pause = min(timeout, max(timeout / 20, 0.5))
        self._began = self._looked = time.monotonic()
        self._work = 0.0
        self.idle = 0.0  # seconds

    def spent(self) -> bool:
        """True once the program has been idle for `timeout` seconds in all."""
        now = time.monotonic()
        passed = now - self._looked
        if passed < self._pause:
            return False
        work = self.family.work()
        if work - self._work < SHARE * passed and not self.family.runnable():
            self.idle += passed
        self._looked, self._work = now, work
        return self.idle >= self.timeout or now - self._began >= MOST * self.timeout


def _abroad_or_nothing() -> dict[int, str]:
    try:
        return ports.abroad()
    except OSError:
        return {}


def _packed(host: str) -> bytes:
    return socket.inet_pton(socket.AF_INET6 if ":" in host else socket.AF_INET, host)
