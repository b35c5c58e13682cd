"""The root conftest.py, on a small repository that has the same one: strict from every folder."""

import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output

from support.upkeep.refresh import client

ROOT = Path(__file__).resolve().parents[2]
TODAY = "print('127.0.0.1:' + str(8000 + 1), 'Fri, 20 Nov 2026 22:08:00 GMT', 'Server: nginx/1.31.3', '한글')"
STORED = "127.0.0.1:8765 Mon, 01 Jan 2024 00:00:00 GMT Server: nginx/1.22.1 한글\n"
KERNEL = "from ipykernel.connect import get_connection_info; print(get_connection_info(unpack=True)['transport'])"
TESTS = """
import pytest

def test_quick():
    pass

@pytest.mark.gate
def test_long():
    raise AssertionError
"""


def write_notebook(path: Path, stored: str, source: str = TODAY) -> None:
    """Write a notebook of one cell with this stored output, made for a kernel that nobody has."""
    cell = new_code_cell(source, execution_count=1, outputs=[new_output("stream", name="stdout", text=stored)])
    kernel = {"kernelspec": {"name": "nobody-has-it", "display_name": "?", "language": "python"}}
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(new_notebook(cells=[cell], metadata=kernel), path)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A small repository with our conftest.py, sanitiser and pytest settings."""
    (tmp_path / "tests").mkdir()
    shutil.copy(ROOT / "conftest.py", tmp_path)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    shutil.copy(ROOT / "tests" / "sanitize.cfg", tmp_path / "tests")
    (tmp_path / "tests" / "test_small.py").write_text(TESTS)
    write_notebook(tmp_path / "notebooks" / "1-wsgi" / "a.ipynb", STORED)
    write_notebook(tmp_path / "notebooks" / "1-wsgi" / ".ipynb_checkpoints" / "a.ipynb", "old")
    return tmp_path


def pytest_in(folder: Path, *arguments: str) -> str:
    """The last line that pytest prints, started in that folder."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--color=no", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True).stdout.splitlines()[-1]


def test_from_the_root_everything_but_gates_and_checkpoints(repository: Path):
    assert pytest_in(repository, "--nbval").startswith("2 passed, 1 deselected"), (
        "gates ran, or cells did not: mend conftest.py"
    )


def test_from_a_sub_folder_one_changed_syllable_fails_and_what_may_differ_does_not(repository: Path):
    folder = repository / "notebooks" / "1-wsgi"
    write_notebook(folder / "b.ipynb", STORED.replace("한글", "한굴"))
    assert pytest_in(folder, "--nbval", "a.ipynb", "b.ipynb").startswith("1 failed, 1 passed"), (
        "nbval did not sanitise from a subfolder: mend conftest.py"
    )


@pytest.mark.skipif("sys.platform != 'linux'", reason="elsewhere a kernel has ports")
def test_a_kernel_takes_no_port_that_another_could_take_first(repository: Path):
    folder = repository / "notebooks" / "1-wsgi"
    write_notebook(folder / "b.ipynb", "ipc\n", KERNEL)
    assert pytest_in(folder, "--nbval", "b.ipynb").startswith("1 passed"), (
        "the kernel was reached on a port that another may take: mend conftest.py"
    )


def test_without_nbval_the_tests_still_run(repository: Path):
    assert pytest_in(repository).startswith("1 passed, 1 deselected"), "it needs nbval: mend conftest.py"


def test_make_refresh_bounds_a_cell_as_make_test_does():
    assert client(new_notebook(), ROOT).timeout == 300, "a busy machine needs more than a minute: mend refresh.py"


@pytest.mark.parametrize(("seconds", "asked", "kernel"), [(300, 2000, None), (5.0, 5.0, "own")])
def test_what_was_asked_for_wins(pytestconfig: pytest.Config, seconds: float, asked: float, kernel: str | None):
    option = SimpleNamespace(markexpr="gate", nbval=True, nbval_sanitize_with=kernel, nbval_kernel_name=kernel)
    option.nbval_cell_timeout = asked
    conftest = pytestconfig.pluginmanager.get_plugin(str(ROOT / "conftest.py"))
    conftest.pytest_configure(SimpleNamespace(option=option))
    assert option.markexpr == "gate", "what the user asked for was overruled: mend conftest.py"
    assert option.nbval_cell_timeout == seconds, "a cell is not bounded as asked: mend conftest.py"
    assert option.nbval_current_env == (kernel is None), "the kernel that was asked for was overruled: mend conftest.py"
    assert option.nbval_sanitize_with == (kernel or str(ROOT / "tests" / "sanitize.cfg")), (
        "the sanitiser is not the one asked for: mend conftest.py"
    )


SHARED = """
import pytest

@pytest.mark.parametrize("path", range(5))
def test_each(path):
    print(path)

def test_always():
    pass
"""


def test_the_shares_together_are_everything_and_what_does_not_multiply_is_in_each(repository: Path):
    (repository / "tests" / "test_small.py").write_text(SHARED)
    runs = [pytest_in(repository, "tests", "--share", f"{number}/2") for number in (1, 2)]
    counts = [run.partition(" in ")[0] for run in runs]
    assert counts == ["4 passed, 2 deselected", "3 passed, 3 deselected"], (
        f"a share runs too much or too little ({counts}): mend pytest_collection_modifyitems in conftest.py"
    )
