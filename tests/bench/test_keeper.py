"""Nothing outlives the kernel, however it ends; and interrupting a cell ends nothing."""

import contextlib
import json
import os
import signal
import subprocess
import sys
from types import SimpleNamespace

import httpx
import psutil
import pytest
import samples

from support import BenchError

STUBBORN = """
import signal, socket, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
time.sleep(60)
"""
SERVERS = [
    "gunicorn hello:app -w 2",
    "gunicorn hello:app -k gthread --threads 2",
    "uvicorn hello:asgi --workers 2",
    "daphne hello:asgi",
    "python stubborn.py",
]
KERNEL = """
import json, os, sys
import dataclasses
from pathlib import Path
from support import Bench
from support.bench.programs import PROGRAMS

files, commands, port = json.loads(sys.stdin.readline())
for name, row in PROGRAMS.items():
    PROGRAMS[name] = dataclasses.replace(row, port=port)
bench = Bench()
for name, source in files.items():
    Path(name).write_text(source)
servers = [*(bench.run(command) for command in commands), bench.nginx("return 200 hello;")]
ports = [one.port for one in [*servers, bench.tap(servers[0])]]
print(json.dumps({"folder": str(bench.folder), "keeper": bench._keeper.pid, "ports": ports}), flush=True)
exec(sys.stdin.readline())
"""
SLEEP = "import time; any(iter(lambda: time.sleep(0.01), 0))"
ENDINGS = {
    "a normal end": "pass",
    "an exception": "raise RuntimeError",
    "sys.exit": "sys.exit(1)",
    "os._exit": "os._exit(0)",
    "kill -9": signal.SIGKILL,
    "SIGINT": signal.SIGINT,
    "SIGTERM": signal.SIGTERM,
    "kill -9 of its process group": "group",
}
DAEMON = """
import os, sys, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        open("pid.part", "w").write(str(os.getpid()))
        os.rename("pid.part", "pid")
        time.sleep(60)
"""


@contextlib.contextmanager
def kernel(commands):
    """A process that runs the commands on a bench of its own: `process`, `folder`, `keeper` and `ports`."""
    port = samples.quiet_port()  # on a familiar one, somebody else could listen right after the end
    process = subprocess.Popen(
        [sys.executable, "-c", KERNEL],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, process_group=0,
    )  # fmt: skip
    try:
        _say(process, json.dumps([{"hello.py": samples.HELLO, "stubborn.py": STUBBORN}, commands, port]))
        said = [process.stdout.readline() for _ in range(len(commands) + 2)]  # a $ line each, then ours
        yield SimpleNamespace(process=process, **json.loads(said[-1]))
    finally:
        process.kill()
        process.communicate()


def _say(process, line: str) -> None:
    process.stdin.write(f"{line}\n")
    process.stdin.flush()


def end(process, how) -> None:
    """Ends the kernel as told, and waits for it."""
    if isinstance(how, signal.Signals):
        # Once more each second: Python acts on SIGINT only when read() returns, if it came a moment before.
        for _ in range(samples.HANGING):
            process.send_signal(how)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(timeout=1)
                break
    elif how == "group":
        os.killpg(process.pid, signal.SIGKILL)
    else:
        _say(process, how)
    process.wait(timeout=samples.HANGING)


def remains(one) -> list:
    """What is left of the bench of a kernel: processes, ports that are served, the folder."""
    left = [*samples.processes(one.folder, one.keeper), *filter(samples.accepts, one.ports)]
    return left + [one.folder] * os.path.exists(one.folder)


@pytest.mark.parametrize("how", ENDINGS.values(), ids=ENDINGS)
def test_nothing_outlives_the_kernel(how):
    with kernel(SERVERS) as one:
        assert len(remains(one)) > 2 * len(SERVERS) + len(one.ports)
        end(one.process, how)
        samples.until(lambda: not remains(one), "the end of all")


def test_interrupting_a_cell_ends_no_server():
    with kernel(["gunicorn hello:app", "python hello.py"]) as one:
        # With a handler of its own, as a Jupyter kernel has; SIG_IGN would be inherited by what it starts.
        handler = "lambda *_: os.write(1, b'interrupted\\n')"
        _say(one.process, f"import signal; signal.signal(2, {handler}); print('ready', flush=True); {SLEEP}")
        assert one.process.stdout.readline() == "ready\n"
        os.killpg(one.process.pid, signal.SIGINT)
        assert one.process.stdout.readline() == "interrupted\n"
        assert [httpx.get(f"http://127.0.0.1:{port}").text for port in one.ports] == ["hello"] * 4


def test_two_benches_at_once_end_one_by_one():
    with kernel(["python hello.py"]) as first, kernel(["python hello.py"]) as second:
        assert set(first.ports).isdisjoint(second.ports)
        end(first.process, signal.SIGKILL)
        samples.until(lambda: not remains(first))
        assert all(map(samples.accepts, second.ports))
        assert os.path.exists(second.folder)


def test_a_daemon_is_ended_with_the_bench(bench):
    (bench.folder / "daemon.py").write_text(DAEMON)
    with pytest.raises(BenchError, match="ended at once, with status 0"):
        bench.run("python daemon.py")
    pid = int(samples.until(lambda: (bench.folder / "pid").exists() and (bench.folder / "pid").read_text()))
    assert psutil.Process(pid).environ()["BENCH"] == str(bench.folder)
    assert os.getpgid(pid) != bench._keeper.pid
    bench.close()
    assert not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
