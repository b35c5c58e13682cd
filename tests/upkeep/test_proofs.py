"""support/upkeep/proofs.py: units, costs and estimates; its shares are tested with the root conftest, in gates/."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from support.upkeep import proofs

ROOT = Path(__file__).resolve().parents[2]
# Each of the two waits for the other, so they pass only at the same time.
TOGETHER = """
import time
from pathlib import Path

import pytest

@pytest.mark.parametrize("own", [0, 1])
def test_both(own):
    folder, deadline = Path({folder!r}), time.monotonic() + 60
    (folder / str(own)).touch()
    while not (folder / str(1 - own)).exists():
        assert time.monotonic() < deadline
        time.sleep(0.01)
"""
KEPT_TOGETHER = """
import os

import pytest

SEEN = []

@pytest.mark.parametrize("number", range(2))
def test_one(number):
    SEEN.append(number)
    assert SEEN == list(range(number + 1)) and os.environ["PYTEST_XDIST_WORKER_COUNT"] == "2"
"""


@pytest.fixture
def recorded(monkeypatch):
    """Costs of two kinds."""
    costs = {"tests/gates/test_world.py::test_a": 90.0, "tests/test_b.py::test_b": 3.0, "notebook cells": 2.0}
    monkeypatch.setattr(proofs, "costs", lambda: costs)


def test_a_notebook_is_one_unit_and_so_is_a_proof_that_stands_apart():
    assert proofs.unit("notebooks/a.ipynb::Cell 1") == "notebooks/a.ipynb"
    assert proofs.unit("tests/bench/test_bench.py::test_a[b]") == "tests/bench/test_bench.py"
    assert proofs.unit("tests/gates/test_world.py::test_a[b]") == "tests/gates/test_world.py::test_a[b]"


def test_every_name_of_what_stands_apart_leads_somewhere():
    for name in proofs.APART:
        file, _, test = name.partition("::")
        assert f"def {test}" in (ROOT / file).read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("ids", "workers", "said"),
    [
        (["tests/gates/test_world.py::test_a[1]"] * 4, 1, "4 proofs on 1 worker(s): about 6 minutes"),
        (["tests/gates/test_world.py::test_a[1]", "tests/gates/test_world.py::test_a[2]"], 2, "2 proofs on 2"),
        (["tests/gates/test_world.py::test_a[1]"] + ["tests/test_b.py::test_b"] * 30, 8, "about 2 minutes"),
        (["a.ipynb::Cell 0", "tests/test_b.py::test_b"], 1, None),
    ],
)
def test_how_long_it_will_take_is_said_of_a_long_run(recorded, ids, workers, said):
    estimate = proofs.estimate(ids, workers)
    assert said in estimate if said else estimate is None


def test_costs_are_recorded_by_kind(monkeypatch, tmp_path):
    path = tmp_path / "costs.txt"
    path.write_text("   9.0 tests/a.py::test_stays\n   9.0 tests/a.py::test_a\n", encoding="utf-8")
    monkeypatch.setattr(proofs, "COSTS", path)
    proofs.costs.cache_clear()
    reports = [("tests/a.py::test_a[x]", 1), ("tests/a.py::test_a[x]", 2), ("tests/a.py::test_a[y]", 2)]
    reports += [("tests/a.py::test_quick", 0.1), ("n.ipynb::Cell 1", 0.3), ("n.ipynb::Cell 2", 0.1)]
    passed = [SimpleNamespace(nodeid=name, duration=seconds) for name, seconds in reports]
    terminal = SimpleNamespace(stats={"passed": passed, "deselected": [object()]})
    try:
        proofs.pytest_terminal_summary(terminal, SimpleNamespace(option=SimpleNamespace(record_costs=True)))
    finally:
        proofs.costs.cache_clear()
    assert path.read_text(encoding="utf-8").splitlines() == [
        "   0.2 notebook cells",
        "   2.5 tests/a.py::test_a",
        "   9.0 tests/a.py::test_stays",
    ]


def test_more_workers_than_cores_since_most_proofs_wait(monkeypatch):
    monkeypatch.delenv("PYTEST_XDIST_AUTO_NUM_WORKERS", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: 4)
    assert proofs.pytest_xdist_auto_num_workers() == 4 + proofs.WAITING > 4
    monkeypatch.setenv("PYTEST_XDIST_AUTO_NUM_WORKERS", "1")
    assert proofs.pytest_xdist_auto_num_workers() is None


def test_two_workers_share_out_a_file_whose_tests_stand_apart_and_no_other(tmp_path):
    for needed in ("conftest.py", "pyproject.toml"):
        shutil.copyfile(ROOT / needed, tmp_path / needed)
    (tmp_path / "tests" / "gates").mkdir(parents=True)
    (tmp_path / "tests" / "gates" / "test_world.py").write_text(TOGETHER.format(folder=str(tmp_path)))
    (tmp_path / "tests" / "test_file.py").write_text(KEPT_TOGETHER)
    command = [sys.executable, "-m", "pytest", "-n", "2", "-p", "no:cacheprovider", "tests"]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "4 passed" in run.stdout, run.stdout[-3000:]
