"""Many benches on one machine leave each other alone: nobody's server is thrown away, and nobody knocks at a tap."""

import json
import subprocess
import sys

import httpx
import pytest
import samples

from support.bench import ports

OTHER = """
import dataclasses, json, sys
from pathlib import Path
from support import Bench, BenchError
from support.bench import ports
from support.bench.programs import PROGRAMS

linux, locks, port, number, asked, source = json.loads(sys.stdin.readline())
ports.LINUX, ports.LOCKS = linux, Path(locks)
for name, row in PROGRAMS.items():
    PROGRAMS[name] = dataclasses.replace(row, port=port)
bench = Bench()
Path("hello.py").write_text(source)
print("ready", flush=True)
sys.stdin.readline()
servers = [bench.nginx("return 200 hello;", key=f"front{n}") if n % 3 else bench.run("python hello.py", name=f"{n}")
           for n in range(number)]
for one in asked:
    try:
        bench.run("gunicorn hello:app", port=one, timeout=1)
    except BenchError as error:
        assert "is taken" in error.en, error
started = len(list(Path(".bench").glob("*.log"))) - len(asked)
print(json.dumps([started, [one.port for one in servers]]), flush=True)
sys.stdin.readline()
bench.close()
"""


class Other:
    """A bench in another process, which starts so many servers over the ports from `port` on when it is told to."""

    def __init__(self, port: int, number: int, asked: list[int] = ()) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", OTHER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.say(json.dumps([ports.LINUX, str(ports.LOCKS), port, number, list(asked), samples.HELLO]))
        assert self.process.stdout.readline() == "ready\n"

    def say(self, line: str) -> None:
        self.process.stdin.write(f"{line}\n")
        self.process.stdin.flush()

    def result(self) -> tuple[int, list[int]]:
        """How many servers were started, and the ports of those that were kept, which run on."""
        said = iter(self.process.stdout.readline, "")
        return tuple(json.loads(next(line for line in said if not line.startswith("$ "))))

    def close(self) -> None:
        self.process.communicate("enough\n")
        assert self.process.returncode == 0


@pytest.fixture(params=[True, False], ids=["Linux", "elsewhere"])
def system(request, monkeypatch, tmp_path):
    """With Linux's abstract sockets and sock_diag, and without."""
    if request.param and not ports.LINUX:
        pytest.skip("these are Linux' own")
    monkeypatch.setattr(ports, "LINUX", request.param)
    monkeypatch.setattr(ports, "LOCKS", tmp_path)


def test_no_bench_throws_a_server_away_for_anothers_port(system):
    port = samples.quiet_port()
    others = [Other(port, 6) for _ in range(5)]
    for other in others:
        other.say("go")
    found = [other.result() for other in others]
    for other in others:
        other.close()
    assert [started for started, _ in found] == [6] * 5
    kept = [port for _, kept in found for port in kept]
    assert len(set(kept)) == 30


def test_no_stranger_in_a_tap(bench, familiar, system):
    web = bench.run("python hello.py")
    taps = [bench.tap(web) for _ in range(3)]
    first = min(tap.port for tap in taps)
    other = Other(first, 30, asked=[tap.port for tap in taps])
    other.say("go")
    _, kept = other.result()
    other.close()
    assert set(kept).isdisjoint(tap.port for tap in taps)
    assert max(kept) > first
    assert [repr(tap) for tap in taps] == ["nothing has crossed"] * 3
    assert httpx.get(taps[0].url).text == "hello"
