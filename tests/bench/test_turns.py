"""Turns to start: only so many at a time, and nobody holds the others up for long."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import course
import psutil
import pytest
import samples

from support import BenchError
from support.bench import ports, turns

# Works at its import until it is told to go on; waits, with nothing to do; works without an end.
WORKS = f"from pathlib import Path\nwhile not Path('go').exists():\n    pass\n{samples.HELLO}"
IDLES = "import time\ntime.sleep(60)\n"
SPINS = "while True:\n    pass\n"
HOLDS = """
import sys
from pathlib import Path
from support.bench import ports, turns
ports.LINUX, ports.LOCKS, turns.KIND, turns.TURNS = {}, Path({!r}), {!r}, 1
turn = turns.Turn()
print("holds", flush=True)
input()
"""


@pytest.fixture(autouse=True, params=["Linux", "elsewhere"])
def one_turn(request, monkeypatch, tmp_path):
    """One turn, which nobody but the test knows of."""
    monkeypatch.setattr(ports, "LINUX", ports.LINUX and request.param == "Linux")
    monkeypatch.setattr(ports, "LOCKS", tmp_path)
    monkeypatch.setattr(turns, "KIND", f"turn-of-{tmp_path.name}-{request.param}")
    monkeypatch.setattr(turns, "TURNS", 1)


def free() -> bool:
    """Whether somebody could have the turn now."""
    if claim := turns._free():
        claim.close()
    return claim is not None


def test_a_turn_is_waited_for():
    with ThreadPoolExecutor() as pool:
        first = turns.Turn()
        second = pool.submit(turns.Turn)
        with pytest.raises(TimeoutError):
            second.result(timeout=0.2)
        first.over()
        second.result(timeout=20).over()
    assert free()


def test_there_are_as_many_as_were_said(monkeypatch):
    monkeypatch.setattr(turns, "TURNS", 3)
    held = [turns.Turn() for _ in range(3)]
    assert not free()
    for turn in held:
        turn.over()


def test_nobody_waits_without_an_end(monkeypatch):
    monkeypatch.setattr(turns, "PATIENCE", 0.1)
    with turns.Turn(), turns.Turn():
        pass
    assert free()


def test_a_turn_ends_with_who_has_it():
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDS.format(ports.LINUX, str(ports.LOCKS), turns.KIND)],
        cwd=course.ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    with holder:
        assert holder.stdout.readline() == b"holds\n"
        assert not free()
        holder.kill()
    turns.Turn().over()
    assert free()


def test_who_starts_has_the_turn_until_it_serves(bench):
    (bench.folder / "works.py").write_text(WORKS, encoding="utf-8")
    with ThreadPoolExecutor() as pool:
        starting = pool.submit(bench.run, "python works.py")
        assert samples.until(lambda: not free())
        (bench.folder / "go").touch()
        web = starting.result()
    assert free()
    web.stop()


@pytest.mark.parametrize("program", [IDLES, SPINS])
def test_who_never_serves_does_not_hold_the_others_up(bench, monkeypatch, program):
    monkeypatch.setattr(turns, "LONGEST", 0.5 if program is SPINS else 60)
    (bench.folder / "never.py").write_text(program, encoding="utf-8")
    with ThreadPoolExecutor() as pool:
        starting = pool.submit(bench.run, "python never.py", timeout=20)
        assert samples.until(lambda: not free())
        assert samples.until(free)
        assert not starting.done()
        (program,) = (one for one in psutil.Process().children() if "never.py" in one.cmdline())
        program.kill()
        with pytest.raises(BenchError):
            starting.result()
    assert free()


def test_a_start_that_fails_ends_its_turn(bench):
    (bench.folder / "fails.py").write_text("raise SystemExit(3)", encoding="utf-8")
    with pytest.raises(BenchError):
        bench.run("python fails.py")
    assert free()
