"""What a run has left behind: processes, listening ports, and the benches' folders under its own TMPDIR."""

import os
import time
from pathlib import Path

import psutil

# Nothing is left two seconds after a run has ended, in whatever way (DESIGN.md). So long these looks last on a quiet
# machine; on a busy one they come later, and so does the keeper.
LOOKS, NAP = 25, 0.05


def belongs(process: psutil.Process, folder: Path) -> bool:
    """Whether the process works inside the folder or was started with it in its command or environment."""
    try:
        if process.status() == psutil.STATUS_ZOMBIE:
            return False
        told = [process.cwd(), *process.cmdline(), process.environ().get("TMPDIR", "")]
    except (psutil.Error, OSError):
        return False
    return any(str(folder) in text for text in told)


def left(folder: Path) -> list[str]:
    """What is there now, in words."""
    found = []
    for process in psutil.process_iter():
        if belongs(process, folder):
            try:
                listening = [c.laddr.port for c in process.net_connections() if c.status == psutil.CONN_LISTEN]
                found.append(f"process {process.pid} {' '.join(process.cmdline())} listening on {listening}")
            except psutil.Error:
                continue
    # os.walk, because it takes a folder that vanishes meanwhile for an empty one.
    benches = (os.path.join(place, name) for place, _, files in os.walk(folder) for name in ("", *files))
    return found + [path for path in benches if "bench-" in path]


def after(folder: Path) -> list[str]:
    """What is still there when it is allowed to be there no longer; returns as soon as nothing is."""
    for _ in range(LOOKS):
        if not (found := left(folder)):
            break
        time.sleep(NAP)
    return found
