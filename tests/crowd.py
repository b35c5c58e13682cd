"""A crowd: many runs of one notebook at the same moment, and what they cost the machine together.

    python tests/crowd.py 30 notebooks/1-wsgi/1.1-contract.ipynb --memory
    python tests/crowd.py 30

Without a notebook each of them imports what kernels and servers import, and never waits. It prints JSON.
A process of its own does that, which takes orphans in: what they have cost is counted, too.
"""

import ctypes
import json
import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path

import course
import psutil

PR_SET_CHILD_SUBREAPER = 36  # prctl(2)
LOOK = 2.0  # seconds between two looks at the memory
BARE = "import IPython, daphne.server, django, httpx, nbconvert, pytest, uvicorn"


@dataclass
class Crowd:
    """What came of it: what each failed run said; seconds until the last had ended; the processor's, of all processes.

    `memory` is the most that they had at a time in megabytes, what several share counted once; None if nobody looked.
    """

    number: int
    failed: list[str] = field(default_factory=list)
    seconds: float = 0.0
    processor: float = 0.0
    memory: float | None = None

    def __str__(self) -> str:
        memory = "" if self.memory is None else f", {self.memory:.0f} MB"
        return f"{self.number} at once: {self.seconds:.0f} s, {self.each:.1f} s of processor{memory}"

    @property
    def each(self) -> float:
        """What one of them took of the processor, in seconds."""
        return self.processor / self.number


def gather(number: int, *arguments: str | Path) -> Crowd:
    """The crowd of so many runs, started at once by a process of its own; `arguments` are those of this program.

    Each run is `pytest --nbval` over the notebook; without one it only imports, and never waits.
    """
    command = [sys.executable, __file__, str(number), *map(str, arguments)]
    return Crowd(**json.loads(subprocess.check_output(command, cwd=course.ROOT)))


def ratio(many: Crowd, few: Crowd) -> float:
    """What one of many takes of the processor, in times of what one of few takes."""
    return many.each / few.each


def crowd(number: int, command: list[str], memory: bool) -> Crowd:
    """The crowd of so many runs of the command, in this process, all of whose children are taken to belong to it."""
    found, outputs, began = Crowd(number), {}, time.monotonic()
    for _ in range(number):
        output = tempfile.TemporaryFile("w+", encoding="utf-8")  # noqa: SIM115  (it is read when the run has ended)
        run = subprocess.Popen(command, cwd=course.ROOT, stdin=subprocess.DEVNULL, stdout=output)
        outputs[run.pid] = output
    over = threading.Event()
    looking = threading.Thread(target=look, args=(found, over))
    if memory:
        looking.start()
    for pid, status in ends():
        if output := outputs.get(pid):
            found.seconds = time.monotonic() - began
            if status:
                output.seek(0)
                found.failed.append(output.read())
    over.set()
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    found.processor = usage.ru_utime + usage.ru_stime
    return found


def ends():
    """(pid, status) of each child as it ends, until there is none."""
    while True:
        try:
            yield os.wait()
        except ChildProcessError:
            return


def look(found: Crowd, over: threading.Event) -> None:
    """Keeps the most memory that all descendants have at a time (PSS)."""
    found.memory = 0.0
    while not over.wait(LOOK):
        total = 0
        for process in psutil.Process().children(recursive=True):
            try:
                total += process.memory_full_info().pss
            except psutil.Error:
                continue
        found.memory = max(found.memory, total / 1e6)


if __name__ == "__main__":
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    number, *notebook = (word for word in sys.argv[1:] if not word.startswith("--"))
    command = course.command(Path(*notebook).resolve()) if notebook else [sys.executable, "-c", BARE]
    print(json.dumps(asdict(crowd(int(number), command, "--memory" in sys.argv))))
