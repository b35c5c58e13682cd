"""The keeper: a small process that outlives the kernel and clears up after it.

It reads from a pipe whose only write end is in the kernel. However the kernel ends, killed with -9 included,
the pipe then closes; the keeper ends every program of the bench and removes its folder. Every program is
started in the keeper's process group, so none has to be reported to it. What comes through the pipe:

    a number    the notebook has forked this process (a worker of a ProcessPoolExecutor, say), which closes its
                copy of the pipe at once and ends with the kernel, if it still runs then
    close       the bench is cleared while the kernel lives on, and its forked processes with it

A process that C code has forked keeps its copy: so the keeper looks, too, whether the kernel is still its parent.
"""

import contextlib
import os
import select
import shutil
import signal
import sys
import time
from collections.abc import Iterator

GRACE = 0.5  # seconds between SIGTERM and SIGKILL
DYING = 5.0  # seconds, at most, until what SIGKILL has hit is gone: it needs a processor once more
LOOK = 0.5  # seconds between two looks at who is the keeper's parent
EXECS = 100  # looks at a process in the midst of exec


def ours(folder: str, group: int) -> Iterator:
    """Every living process of the bench in `folder`: its process group, and what left the group, as daemons do.

    As psutil.Process. To be asked in the session of the kernel, which is the keeper's too.
    """
    import psutil  # only now: the keeper's own start should cost the kernel nothing

    led = {0: True, os.getsid(0): False}  # 0: the system's own threads, and what was started outside a container
    for pid in _everybody():
        with contextlib.suppress(psutil.Error, OSError):  # it ended while we looked, or belongs to someone else
            if pid == os.getpid():
                continue
            inside = os.getpgid(pid) == group
            if not inside and not (_may_have_left(pid, led) and _belongs(pid, folder)):
                continue
            process = psutil.Process(pid)
            if lives(process):
                yield process
                if os.getsid(pid) == pid:  # its workers are in its session
                    yield from process.children(recursive=True)


def _everybody() -> Iterator[int]:
    """The pids of the machine, in order, and those that are new since, until a list has nobody new.

    A daemon forks on its way and ends: it may be gone when its turn comes, and its child on no list yet.
    """
    import psutil

    seen = set()
    while new := sorted(set(psutil.pids()) - seen):
        seen.update(new)
        yield from new


def _may_have_left(pid: int, led: dict[int, bool]) -> bool:
    """Whether the process is in the kernel's session, leads one of its own, or is in one whose leader has ended.

    All others are the business of that leader, and few enough remain to be asked for more. `led` tells of each
    session that has been looked at whether somebody leads it; the kernel's counts as led by nobody.
    """
    session = os.getsid(pid)
    if pid <= session:  # numbers begin anew: its turn is before its leader's, who may be gone by then
        return True
    if session not in led:
        led[session] = _leads(session)
    return not led[session]


def _leads(session: int) -> bool:
    """Whether the leader of the session runs, and is not about to end: then it has no environment any more."""
    import psutil

    if sys.platform == "linux":  # one look, where psutil takes several
        try:
            with open(f"/proc/{session}/environ", "rb") as environment:
                return bool(environment.read(1))
        except (FileNotFoundError, ProcessLookupError):
            return False
        except OSError:
            pass  # it is another user's
    try:
        return lives(psutil.Process(session))
    except psutil.Error:
        return False


def _belongs(pid: int, folder: str) -> bool:
    """Whether a process outside the group says that it is of this bench.

    It has the bench's environment. One that has written its title over that (nginx) is a daemon of the bench if it
    works in the folder, in a session of its own and without a terminal.
    """
    import psutil

    if says(pid, f"BENCH={folder}"):
        return True
    if os.getsid(pid) == os.getsid(0):
        return False
    return f"{_cwd(pid)}/".startswith(f"{folder}/") and not psutil.Process(pid).terminal()


def _cwd(pid: int) -> str:
    """The folder in which a process works. Raises OSError or psutil's errors."""
    if sys.platform == "linux":  # what psutil does, without a look at all else
        return os.readlink(f"/proc/{pid}/cwd").removesuffix(" (deleted)")
    import psutil

    return psutil.Process(pid).cwd()


def says(pid: int, variable: str) -> bool:
    """Whether the environment with which a process was started has the variable (NAME=value). Raises OSError."""
    if sys.platform == "linux":  # what psutil does, without a look at all else
        return os.fsencode(variable) in _environment(pid).split(b"\0")
    import psutil

    name, _, value = variable.partition("=")
    return psutil.Process(pid).environ().get(name) == value


def _environment(pid: int) -> bytes:
    """What /proc/PID/environ says once the process is not in the midst of exec; empty if that takes it too long.

    For a moment of exec a process has neither environment nor arguments. Raises OSError if it has ended.
    """
    for _ in range(EXECS):
        if said := _read(pid, "environ"):
            return said
        if _read(pid, "cmdline"):
            return _read(pid, "environ")  # it may have got both since
        os.readlink(f"/proc/{pid}/exe")  # which one that has ended has not
        time.sleep(0.001)
    return b""


def _read(pid: int, name: str) -> bytes:
    with open(f"/proc/{pid}/{name}", "rb") as file:
        return file.read()


def clear(folder: str, forked=()) -> None:
    """Ends the bench in `folder`: SIGTERM, then SIGKILL for what is left, then the folder itself.

    The processes in `forked` end with it.
    """
    found = dict.fromkeys(forked)  # and not forgotten: who is about to end has nothing to be found by any more
    for stop, patience in ((signal.SIGTERM, GRACE), (signal.SIGKILL, DYING)):
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline:
            seen = [*ours(folder, os.getpgrp())]
            found.update(dict.fromkeys(seen))
            left = [*filter(lives, found)]
            if not (left or seen):  # one that was seen and has ended since may have led others until then
                break
            for process in left:
                with contextlib.suppress(OSError):
                    os.kill(process.pid, stop)
            time.sleep(0.05)
    shutil.rmtree(folder, ignore_errors=True)


def lives(process) -> bool:
    """Whether this very process still runs: not a zombie, and no other that has its number now.

    It says that it is a zombie once its main thread has ended, though others may still run, and listen.
    """
    import psutil

    try:
        return process.is_running() and (process.status() != psutil.STATUS_ZOMBIE or process.num_threads() > 1)
    except psutil.Error:
        return False


def words(kernel: int) -> Iterator[bytes]:
    """What the kernel says, line by line, until the kernel has ended or closes the pipe."""
    said = b""
    while True:
        lives_on = os.getppid() == kernel
        if select.select([0], [], [], LOOK if lives_on else 0)[0]:
            if not (more := os.read(0, 65536)):
                return
            *lines, said = (said + more).split(b"\n")
            yield from lines
        elif not lives_on:
            return


def keep(folder: str, kernel: int) -> None:
    """Waits for the end of the kernel, or of the bench, and clears up."""
    forked = []
    for word in words(kernel):
        if word == b"close":
            forked = []
            break
        import psutil

        with contextlib.suppress(psutil.Error):  # it has ended since
            forked = [*filter(lives, forked), psutil.Process(int(word))]
    clear(folder, forked)


if __name__ == "__main__":
    for ignored in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ignored, signal.SIG_IGN)
    keep(sys.argv[1], int(sys.argv[2]))
