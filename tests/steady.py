"""Run the whole suite again and again, then with every core kept busy, and tell how many runs failed.

make steady                         20 runs, then 5 on busy cores
make steady N=2 LOADED=1 ARGS="-n 2 --dist loadfile"
"""

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# Spins until its stdin closes, which it does however this process ends.
SPIN = """
import os, sys, threading
threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0))).start()
while True:
    pass
"""


def main(quiet, loaded, arguments):
    """The number of failed runs, out of `quiet` and then `loaded` ones."""
    failures = sum(not passes(f"{number}/{quiet}", arguments) for number in range(1, quiet + 1))
    with busy_cores():
        failures += sum(not passes(f"busy {number}/{loaded}", arguments) for number in range(1, loaded + 1))
    print(f"{failures} of {quiet + loaded} runs failed")
    return failures


def passes(name, arguments):
    """Whether one run of the suite ends without a failure; prints a line, and all of its output if not."""
    began = time.monotonic()
    command = [sys.executable, "-m", "pytest", "--nbval", "-q", *arguments]
    run = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    lines = [line for line in run.stdout.splitlines() if line] or ["no output"]
    print(f"{name:>10}  {time.monotonic() - began:6.1f} s  {lines[-1]}", flush=True)
    if run.returncode:
        print(run.stdout, flush=True)
    return run.returncode == 0


@contextlib.contextmanager
def busy_cores():
    """A with-block during which another process spins on every core."""
    command = [sys.executable, "-c", SPIN]
    spinners = [subprocess.Popen(command, stdin=subprocess.PIPE) for _ in range(os.cpu_count())]
    try:
        yield
    finally:
        for spinner in spinners:
            spinner.communicate()


if __name__ == "__main__":
    # An exception, unlike the signal itself, makes subprocess.run take its pytest along.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    sys.exit(main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]) > 0)
