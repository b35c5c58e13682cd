"""Run the whole suite again and again, on its own, on busy cores and beside a class, and tell how many runs failed.

make steady                                  20 runs, 5 more with every core kept busy, and one beside thirty others
make steady N=2 LOADED=1 CROWDED=0 ARGS="-n 0"
"""

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import course

ROOT = Path(__file__).resolve().parent.parent
# Spins until its stdin closes, which it does however this process ends.
SPIN = """
import os, sys, threading
threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0))).start()
while True:
    pass
"""
# Runs a command again and again until its stdin closes; then the command, whose stdin closes too, ends with it.
AGAIN = """
import os, signal, subprocess, sys, threading
running = []
def end():
    sys.stdin.read()
    for run in running[-1:]:
        run.terminate()
        run.wait()
    os._exit(0)
threading.Thread(target=end).start()
while True:
    running.append(subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL))
    running[-1].wait()
"""
OTHERS = 30


def main(quiet, loaded, crowded, arguments):
    """The number of failed runs, out of `quiet`, `loaded` and `crowded` ones."""
    failures = series("", quiet, arguments)
    with busy_cores():
        failures += series("busy ", loaded, arguments)
    if crowded:
        with thirty_others():
            failures += series("crowd ", crowded, arguments)
    print(f"{failures} of {quiet + loaded + crowded} runs failed")
    return failures


def series(name, number, arguments):
    """The number of failed runs out of so many."""
    return sum(not passes(f"{name}{one}/{number}", arguments) for one in range(1, number + 1))


def passes(name, arguments):
    """Whether one run of the suite ends without a failure; prints a line, and all of its output if not."""
    began = time.monotonic()
    command = [sys.executable, "-m", "pytest", "--nbval", "-q", "-n", "logical", *arguments]
    run = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    lines = [line for line in run.stdout.splitlines() if line] or ["no output"]
    print(f"{name:>10}  {time.monotonic() - began:6.1f} s  {lines[-1]}", flush=True)
    if run.returncode:
        print(run.stdout, flush=True)
    return run.returncode == 0


@contextlib.contextmanager
def busy_cores():
    """A with-block during which another process spins on every core."""
    with beside([sys.executable, "-c", SPIN], os.cpu_count()):
        yield


@contextlib.contextmanager
def thirty_others():
    """A with-block during which thirty others run the first lesson, again and again."""
    with beside([sys.executable, "-c", AGAIN, *course.command(course.LESSONS[0])], OTHERS):
        yield


@contextlib.contextmanager
def beside(command, number):
    """A with-block during which so many processes run, which end when their stdin closes."""
    processes = [subprocess.Popen(command, stdin=subprocess.PIPE, cwd=ROOT) for _ in range(number)]
    try:
        yield
    finally:
        for process in processes:
            process.stdin.close()
        for process in processes:
            process.wait()


if __name__ == "__main__":
    # An exception, unlike the signal itself, makes subprocess.run take its pytest along.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    sys.exit(main(*map(int, sys.argv[1:4]), sys.argv[4:]) > 0)
