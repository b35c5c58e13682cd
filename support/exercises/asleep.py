"""Whether servers have nothing left to do: then what has not come by now does not come."""

import time
from collections.abc import Iterator
from pathlib import Path

import psutil
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection

from ..bench.server import Server
from ..wire.tap import Tap

LOOKS, PAUSE = 10, 0.02  # so many looks in a row, so many seconds apart
PATIENCE = 60  # seconds for what should come, on however busy a machine
LOOK, LAST_LOOK = 0.2, 1  # seconds to listen between two looks whether all sleep, and after the last


def asleep(*servers: Server) -> bool:
    """True if ten looks in a row, over a fifth of a second, find every thread of the servers and their workers asleep.

    Bytes that arrive make a thread that waits for them ready at once (it is no longer asleep, even if a busy machine
    does not let it run), so a server that sleeps has read all that was sent to it. A server that has ended sleeps.
    """
    processes = [process for server in servers if server.running for process in _family(server)]
    before = [_spent(process) for process in processes]
    for _ in range(LOOKS):
        if any(_awake(process) for process in processes):
            return False
        time.sleep(PAUSE)
    return [_spent(process) for process in processes] == before


def at_rest(*taps: Tap) -> bool:
    """True if the servers behind the taps sleep, and nothing is on its way in a tap."""
    return asleep(*(tap.upstream for tap in taps)) and not any(any(tap.waiting.values()) for tap in taps)


def listening(*taps: Tap) -> Iterator[float]:
    """For how many seconds to listen, again and again as long as nothing comes; ends when nothing more will.

    That is after all have come to rest and a second has passed, or after a minute.
    """
    end = time.monotonic() + PATIENCE
    yield LOOK
    while time.monotonic() <= end:
        if at_rest(*taps):
            yield LAST_LOOK  # what they have sent may still be on its way to us
            return
        yield LOOK


def heard(socket: ClientConnection, *taps: Tap) -> str:
    """The next text of a WebSocket; nothing where none comes before all is at rest, nor in a second after that."""
    for seconds in listening(*taps):
        try:
            return str(socket.recv(timeout=seconds))
        except ConnectionClosed:
            return ""
        except TimeoutError:
            continue
    return ""


def _family(server: Server) -> list[psutil.Process]:
    """The server's process and those it has made: its workers."""
    try:
        own = psutil.Process(server.process.pid)
        return [own, *own.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []  # it has just ended


def _spent(process: psutil.Process) -> float:
    """The processor time that the process has had, in seconds."""
    try:
        return sum(process.cpu_times()[:2])
    except psutil.NoSuchProcess:
        return 0.0


def _awake(process: psutil.Process) -> bool:
    """Whether a thread runs, or is ready to; where the system does not tell of threads, whether the process is."""
    tasks = Path(f"/proc/{process.pid}/task")
    try:
        if tasks.is_dir():
            return any(_state(task) not in "SZX" for task in tasks.iterdir())
        return process.status() == psutil.STATUS_RUNNING
    except (psutil.NoSuchProcess, FileNotFoundError, ProcessLookupError):
        return True  # a thread has just ended: look again


def _state(task: Path) -> str:
    """The state of a thread as proc(5) has it behind the name in brackets: S is asleep, R runs or is ready."""
    return (task / "stat").read_text().rpartition(")")[2].split()[0]
