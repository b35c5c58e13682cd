"""The gate "clean": however a run ends, nothing of ours is left two seconds later."""

import os
import signal
import subprocess
import sys
import time

import course
import leftovers
import nbformat
import psutil
import pytest

SERVERS = """
from support import Bench
bench = Bench()
(bench.folder / "w.py").write_text('''
import sys
def app(environ, start_response):
    start_response("200 OK", [])
    return [b""]
async def asgi(scope, receive, send): ...
if __name__ == "__main__":
    from wsgiref.simple_server import make_server
    make_server("127.0.0.1", int(sys.argv[1]), app).serve_forever()
''')
(bench.folder / "stubborn.py").write_text('''
import signal, socket, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
time.sleep(60)
''')
web = bench.run("gunicorn w:app --workers 2")
names = [web, bench.run("gunicorn w:app --threads 2"), bench.run("uvicorn w:asgi --workers 2")]
names += [bench.run("daphne w:asgi"), bench.run("python w.py")]
names += [bench.run("python stubborn.py"), bench.tap(web)]
bench.nginx("location / { proxy_pass http://{{ web.address }}; }", {"web": web})
import socket
unix = socket.socket(socket.AF_UNIX)
unix.bind("left.sock")
(bench.home / "ready").touch()
"""
LAST = {
    "a normal end": "",
    "a failing cell": "1 / 0",
    "a cell timeout": "import time; time.sleep(60)",
    "an interrupted run": "import time; time.sleep(60)",
    "a kernel killed with -9": "import os; os.kill(os.getpid(), 9)",
    "pytest killed with -9": "import time; time.sleep(60)",
}


@pytest.fixture
def started(tmp_path):
    """A function that starts pytest --nbval on a notebook with every server and a last cell; its process."""
    runs = []

    def start(last: str, *arguments: str) -> subprocess.Popen:
        (tmp_path / "tmp").mkdir()
        (tmp_path / "notebook").mkdir()
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in (SERVERS, last)])
        path = tmp_path / "notebook" / "servers.ipynb"
        nbformat.write(notebook, path)
        command = [sys.executable, "-m", "pytest", "--nbval", "-q", "-p", "no:cacheprovider", "--rootdir", tmp_path]
        environment = os.environ | {"TMPDIR": str(tmp_path / "tmp")}
        out = open(tmp_path / "output", "w")  # noqa: SIM115  (the run writes to it after this function has returned)
        run = subprocess.Popen(
            [*command, *arguments, path],
            cwd=tmp_path,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
        )
        runs.append(run)
        return run

    yield start
    for run in runs:
        run.kill()
        run.wait()


def wait_until_ready(tmp_path):
    """Returns once the notebook's servers run, and asserts that they are seen: the gate must not be blind."""
    deadline = time.monotonic() + 60
    while not (tmp_path / "notebook" / "ready").exists():
        assert time.monotonic() < deadline, (
            f"it never started: see why, and mend it\n{(tmp_path / 'output').read_text()}"
        )
        time.sleep(0.02)
    found = leftovers.left(tmp_path / "tmp")
    programs = "\n".join(what for what in found if what.startswith("process "))
    # nginx writes its title over its command.
    names = ("bin/gunicorn", "bin/uvicorn", "bin/daphne", "nginx: master", "w.py", "stubborn.py")
    assert all(name in programs for name in names), f"the gate does not see all that runs: mend leftovers.py {found}"
    assert any(what.endswith("left.sock") for what in found), f"the gate does not see files: mend leftovers.py {found}"


@pytest.mark.gate
@pytest.mark.parametrize("how", LAST)
def test_nothing_is_left_after(how, started, tmp_path):
    run = started(LAST[how], "--nbval-cell-timeout", "15")  # nbval waits that long for a dead kernel too
    if how in ("an interrupted run", "pytest killed with -9"):
        wait_until_ready(tmp_path)
        run.send_signal(signal.SIGINT if "interrupted" in how else signal.SIGKILL)
    run.wait(timeout=90)
    assert (tmp_path / "notebook" / "ready").exists(), (
        f"the servers never stood: see why\n{(tmp_path / 'output').read_text()}"
    )
    assert not (found := leftovers.after(tmp_path / "tmp")), f"left two seconds later: have the keeper end it {found}"


@pytest.mark.gate
@pytest.mark.parametrize("path", course.NOTEBOOKS, ids=course.name)
def test_nothing_is_left_after_a_notebook(path, tmp_path):
    (tmp_path / "tmp").mkdir()
    run = course.nbval(path, env=os.environ | {"TMPDIR": str(tmp_path / "tmp")})
    assert run.returncode == 0, f"it is not green to begin with: run `make refresh`\n{run.stdout[-3000:]}"
    assert not (found := leftovers.after(tmp_path / "tmp")), f"left two seconds later: have the keeper end it {found}"


def test_nothing_is_left_after_a_killed_kernel(tmp_path):
    """The quick one: a process like a kernel, every server, kill -9."""
    (tmp_path / "tmp").mkdir()
    kernel = subprocess.Popen(
        [sys.executable, "-c", SERVERS + "\nimport time; time.sleep(60)"],
        cwd=tmp_path, env=os.environ | {"TMPDIR": str(tmp_path / "tmp")}, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    (tmp_path / "notebook").symlink_to(tmp_path)
    (tmp_path / "output").touch()
    try:
        wait_until_ready(tmp_path)
    finally:
        kernel.kill()
        kernel.wait()
    assert not (found := leftovers.after(tmp_path / "tmp")), f"left two seconds later: have the keeper end it {found}"


def test_what_is_left_is_seen(tmp_path):
    """A process that works in the folder, a port and a file are found."""
    listener = "import socket, time; s = socket.create_server(('127.0.0.1', 0)); time.sleep(60)"
    (tmp_path / "bench-x" / ".bench").mkdir(parents=True)
    process = psutil.Popen([sys.executable, "-c", listener], cwd=tmp_path)
    try:
        deadline = time.monotonic() + 30
        while "listening on []" in (found := " ".join(leftovers.left(tmp_path))) and time.monotonic() < deadline:
            time.sleep(0.02)
        assert str(process.pid) in found and "listening on [" in found and "bench-x" in found, (
            f"it does not see a process, a port or a folder: mend leftovers.py {found}"
        )
    finally:
        process.kill()
        process.wait()
