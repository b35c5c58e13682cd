"""Nothing outlives the kernel, however it ends; and interrupting a cell ends nothing."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from types import SimpleNamespace

import httpx
import psutil
import pytest
import samples

from support import Bench, BenchError
from support.bench import keeper
from support.bench.family import Family
from support.bench.ports import Claim, Claimed

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
POOL = """
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
pool = ProcessPoolExecutor(2, mp_context=get_context("fork"))
list(pool.map(time.sleep, [0.01, 0.01]))
pids = list(pool._processes)
"""
FORKS = {  # cells that start a process, and name it: did it hold the keeper's pipe, the keeper would not see the end
    "a pool of processes": POOL,
    "a child of os.fork": "pids = [os.fork() or time.sleep(60)]",
    "a child that C has forked": "pids = [ctypes.CDLL(None).fork() or time.sleep(60)]",
    "a program with all descriptors": "pids = [subprocess.Popen(['sleep', '60'], close_fds=False).pid]",
}
# A daemon that says its pid in a file; {left} is what it does on the way.
DAEMON = """
import os, socket, sys, time
listener = socket.create_server(("127.0.0.1", int(sys.argv[1]))) if "serves" in sys.argv else None
while listener and not os.path.exists("go"):
    time.sleep(0.01)
if os.fork():
    os._exit(0)
os.setsid()
if os.fork():
    os._exit(0)
{left}
open("pid.part", "w").write(str(os.getpid()))
os.rename("pid.part", "pid")
time.sleep(60)
"""
FORGETS = """
os.dup2(os.open("/dev/null", os.O_RDWR), 1)
os.dup2(1, 2)
os.closerange(3, 100)
"""
WITHOUT_ENVIRONMENT = """
if "BENCH" in os.environ:
    os.execve(sys.executable, [sys.executable, "-c", "import os, time; open('pid.part', 'w').write(str(os.getpid()));"
              "os.rename('pid.part', 'pid'); time.sleep(60)"], {})
"""
LEFT = {"nothing": "", "its descriptors": FORGETS, "its environment": WITHOUT_ENVIRONMENT}


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


def pids(one, cell: str) -> list[int]:
    """The processes that a cell has started in the kernel, which then sleeps."""
    _say(one.process, f"import ctypes, subprocess, time; exec({cell!r}); print(json.dumps(pids), flush=True); {SLEEP}")
    return json.loads(one.process.stdout.readline())


def lives(pid: int) -> bool:
    try:
        return keeper.lives(psutil.Process(pid))
    except psutil.NoSuchProcess:
        return False


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


@pytest.mark.parametrize("cell", FORKS)
def test_what_the_notebook_starts_does_not_keep_the_bench_alive(cell):
    with kernel(["gunicorn hello:app", "python hello.py"]) as one:
        started = pids(one, FORKS[cell])
        try:
            assert all(map(lives, started))
            end(one.process, signal.SIGKILL)
            samples.until(lambda: not remains(one), "the end of all")
            if cell in ("a pool of processes", "a child of os.fork"):
                samples.until(lambda: not any(map(lives, started)), "the end of what was forked")
        finally:
            for pid in filter(lives, started):
                os.kill(pid, signal.SIGKILL)


def test_closing_leaves_the_notebooks_own_processes(bench):
    with samples.forked() as child:
        bench.close()
        assert child.is_alive()


def _a_bench_of_its_own() -> tuple:
    inherited, made = Bench.current, Bench()
    made.close()
    return inherited, made.folder.exists()


def test_a_forked_process_leaves_the_bench_alone(bench):
    server = bench.run("python hello.py")
    with ProcessPoolExecutor(1, mp_context=get_context("fork")) as pool:
        assert pool.submit(_a_bench_of_its_own).result() == (None, False)
    assert httpx.get(server.url).text == "hello"


@pytest.mark.parametrize("left", LEFT)
def test_a_program_that_goes_into_the_background_at_once(bench, left):
    (bench.folder / "daemon.py").write_text(DAEMON.replace("{left}", LEFT[left]))
    with pytest.raises(BenchError, match="went into the background") as caught:
        bench.run("python daemon.py")
    assert samples.HANGUL.search(caught.value.ko)
    assert samples.programs(bench) == []


@pytest.mark.parametrize("how", ["stop", "close"])
@pytest.mark.parametrize("left", [*LEFT, "both"])
def test_a_server_that_goes_into_the_background_later(bench, left, how):
    if (left, how) == ("both", "stop"):
        pytest.skip("of which server it was is not known any more; it ends with the bench")
    text = LEFT.get(left, FORGETS + WITHOUT_ENVIRONMENT)
    (bench.folder / "daemon.py").write_text(DAEMON.replace("{left}", text))
    server = bench.run("python daemon.py {port} serves")
    (bench.folder / "go").touch()
    pid = int(samples.until(lambda: (bench.folder / "pid").exists() and (bench.folder / "pid").read_text()))
    assert lives(pid)
    assert os.getpgid(pid) != bench._keeper.pid
    samples.until(lambda: not lives(os.getsid(pid)), "the end of who led its session")
    (server.stop if how == "stop" else bench.close)()
    assert not lives(pid)


PARENT = """
import os, sys, time
while not os.path.exists("go"):
    time.sleep(0.01)
if os.fork():
    os._exit(0)
os.setsid()
open("pid.part", "w").write(str(os.getpid()))
os.rename("pid.part", "pid")
time.sleep(60)
"""


def test_who_forks_and_ends_while_one_looks_is_found(bench, monkeypatch):
    (bench.folder / "parent.py").write_text(PARENT)
    server, pids = bench.run("python parent.py", listens=False), psutil.pids

    def late():
        """The list as it was before the program has forked and ended."""
        before = pids()
        (bench.folder / "go").touch()
        server.wait()
        samples.until(lambda: (bench.folder / "pid").exists(), "the child's number")
        monkeypatch.setattr(psutil, "pids", pids)
        return before

    monkeypatch.setattr(psutil, "pids", late)
    found = [process.pid for process in keeper.ours(str(bench.folder), bench._keeper.pid)]
    assert int((bench.folder / "pid").read_text()) in found


def test_who_has_its_turn_before_its_leader_is_asked_too(monkeypatch):
    monkeypatch.setattr(os, "getsid", lambda _: 500)
    assert keeper._may_have_left(499, {500: True})
    assert not keeper._may_have_left(501, {500: True})


LINUX = pytest.mark.skipif(sys.platform != "linux", reason="what is looked at is Linux' own")
WITHOUT_ITS_MAIN_THREAD = """
import ctypes, threading, time
threading.Thread(target=time.sleep, args=[60]).start()
print(flush=True)
ctypes.CDLL(None).pthread_exit(None)
"""


@LINUX
def test_who_runs_on_without_its_main_thread_lives():
    process = psutil.Popen([sys.executable, "-c", WITHOUT_ITS_MAIN_THREAD], stdout=subprocess.PIPE)
    with process.stdout:
        process.stdout.readline()
    try:
        samples.until(lambda: process.status() == psutil.STATUS_ZOMBIE, "the end of its main thread")
        assert keeper.lives(process)
    finally:
        process.kill()
        process.wait()
    assert not keeper.lives(process)


@LINUX
def test_who_is_in_the_midst_of_exec_has_an_environment_a_moment_later(monkeypatch):
    read, early = keeper._read, iter([b"", b"", b""])  # neither of the two, then arguments first
    variable = os.fsdecode(read(os.getpid(), "environ").split(b"\0")[0])
    monkeypatch.setattr(keeper, "_read", lambda pid, name: next(early, read(pid, name)))
    assert keeper.says(os.getpid(), variable)
    assert next(early, "read") == "read"


@contextlib.contextmanager
def slow_death(monkeypatch, looker, look: str):
    """A process that SIGTERM does not end, that SIGKILL ends late, and that only the first look of `looker` finds.

    So it is on a busy machine: who is about to end still runs, and has no file and no environment any more.
    """
    process = psutil.Popen(["sleep", "60"])
    looks, killed, kill = iter([[process]]), [], os.kill

    def late(pid, number):
        if pid != process.pid:
            kill(pid, number)
        elif number == signal.SIGKILL and not killed:
            killed.append(threading.Timer(0.3, kill, (pid, number)))
            killed[0].start()

    monkeypatch.setattr(os, "kill", late)
    monkeypatch.setattr(looker, look, lambda *_: next(looks, []))
    try:
        yield
        assert killed and not keeper.lives(process)
    finally:
        kill(process.pid, signal.SIGKILL)
        process.wait()


def test_who_is_about_to_end_is_waited_for(bench, monkeypatch, tmp_path):
    server = bench.run("python hello.py")
    with slow_death(monkeypatch, Family, "left_behind"):
        server.stop()
    with slow_death(monkeypatch, keeper, "ours"):
        keeper.clear(str(tmp_path / "folder"))


@pytest.mark.parametrize(("looker", "look"), [(Family, "left_behind"), (keeper, "ours")])
def test_a_look_that_has_found_somebody_is_not_the_last(bench, monkeypatch, tmp_path, looker, look):
    """It passed over those whom that one led, who may have ended since."""
    server = bench.run("python hello.py")
    leader, led = psutil.Popen(["true"]), psutil.Popen(["sleep", "60"])
    leader.wait()
    looks = iter([[leader], [leader], [led]])
    with monkeypatch.context() as patch:
        patch.setattr(looker, look, lambda *_: next(looks, []))
        server.stop() if looker is Family else keeper.clear(str(tmp_path / "folder"))
    try:
        assert not keeper.lives(led)
    finally:
        led.kill()
        led.wait()


def test_a_gunicorn_whose_configuration_hides_that_it_is_a_daemon(bench):
    (bench.folder / "gunicorn.conf.py").write_text("daemon = not False")
    with pytest.raises(BenchError, match="went into the background"):
        bench.run("gunicorn hello:app")
    assert samples.programs(bench) == []


def test_the_claim_dies_with_the_program_and_not_with_the_kernel():
    """Until the keeper has ended a program, no other bench tries its port."""
    with kernel(["python hello.py"]) as one:
        os.kill(one.keeper, signal.SIGKILL)
        end(one.process, signal.SIGKILL)
        try:
            with pytest.raises(Claimed):
                Claim(one.ports[0])
        finally:
            os.killpg(one.keeper, signal.SIGKILL)
            shutil.rmtree(one.folder)
        samples.until(lambda: not samples.processes(one.folder, one.keeper), "the end of all")
        Claim(one.ports[0]).close()
