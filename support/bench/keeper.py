"""The keeper: a small process that outlives the kernel and clears up after it.

It holds the read end of a pipe whose only write end is in the kernel. However the kernel ends, killed with
-9 included, the pipe then closes; the keeper ends every program of the bench and removes its folder. Every
program is started in the keeper's process group, so none has to be reported to it.
"""

import os
import shutil
import signal
import sys
import time

GRACE = 0.5  # seconds between SIGTERM and SIGKILL; everything is gone well within two


def ours(folder: str):
    """Every living process of the bench in `folder`: its process group, and daemons that left the group."""
    import psutil  # only now: the keeper's own start should cost the kernel nothing

    for process in psutil.process_iter():
        try:
            if process.pid == os.getpid() or process.status() == psutil.STATUS_ZOMBIE:
                continue
            if os.getpgid(process.pid) == os.getpgrp() or process.environ().get("BENCH") == folder:
                yield process
        except (psutil.Error, OSError):
            continue  # it ended while we looked, or it belongs to someone else


def clear(folder: str) -> None:
    """Ends the bench in `folder`: SIGTERM, then SIGKILL for what is left, then the folder itself."""
    for stop in (signal.SIGTERM, signal.SIGKILL):
        deadline = time.monotonic() + GRACE
        while time.monotonic() < deadline and (left := list(ours(folder))):
            for process in left:
                try:
                    os.kill(process.pid, stop)
                except OSError:
                    continue
            time.sleep(0.05)
    shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    for ignored in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ignored, signal.SIG_IGN)
    sys.stdin.buffer.read()
    clear(sys.argv[1])
