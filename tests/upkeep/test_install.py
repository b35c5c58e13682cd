"""support/upkeep/install.py, on a small course of its own: one local wheel in its lock, no network."""

import ast
import contextlib
import hashlib
import importlib.util
import os
import pwd
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time
import urllib.request
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest
from course import NOTEBOOKS
from course import name as in_notebooks

from support.upkeep.proofs import of_the_share

HANGING = 600  # seconds; a run of it takes one or two, on a very busy machine a hundred times that
ROOT = Path(__file__).resolve().parents[2]
INSTALL = ROOT / "support" / "upkeep" / "install.py"
SITE_PACKAGES = importlib.util.find_spec("hatchling").submodule_search_locations[0] + "/.."
PROJECT = """
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"
[project]
name = "small-course"
version = "1"
[tool.hatch.build.targets.wheel]
packages = ["support"]
[tool.hatch.build.targets.wheel.shared-data]
"support/upkeep/lab/extension" = "share/small-course"
"""


class Course:
    """A small checkout in a folder of its own, and what running install.py in it gives."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "내 강의 one"
        self.venv = self.root / ".venv"
        self.cache = folder / "cache"
        wheel = write_wheel(folder)
        (self.root / "support" / "upkeep" / "lab" / "extension").mkdir(parents=True)
        shutil.copy(INSTALL, self.root / "support" / "upkeep")
        (self.root / "support" / "__init__.py").touch()
        (self.root / "pyproject.toml").write_text(PROJECT)
        self.change_extension("first")
        self.lock(hashlib.sha256(wheel.read_bytes()).hexdigest())
        self.environment = dict(
            os.environ,
            PIP_CONFIG_FILE=os.devnull,
            PIP_NO_INDEX="1",
            PIP_FIND_LINKS=folder.as_uri(),
            PYTHONPATH=SITE_PACKAGES,  # hatchling, which a real lock holds
            XDG_CACHE_HOME=str(self.cache),
        )

    def lock(self, sha256: str) -> None:
        """Lock the wheel with this hash."""
        (self.root / "support" / "upkeep" / "requirements.lock").write_text(f"leaf==1 --hash=sha256:{sha256}\n")

    def change_extension(self, text: str) -> None:
        """Give the file that pip copies into the environment this text."""
        (self.root / "support" / "upkeep" / "lab" / "extension" / "label.txt").write_text(text)

    def command(self, *arguments: str) -> list[str]:
        """The command line of install.py with these arguments."""
        return [sys.executable, str(self.root / "support" / "upkeep" / "install.py"), *arguments]

    def run(self, *arguments: str) -> subprocess.CompletedProcess:
        """A finished run of install.py."""
        return subprocess.run(
            self.command(*arguments), env=self.environment, cwd="/", capture_output=True, text=True, timeout=HANGING
        )

    def works(self) -> bool:
        """Whether the environment has the locked package and the course, and knows its own folder."""
        run = self.run("run", "-I", "-c", "import leaf, support, sys; print(sys.prefix, support.__path__[0])")
        return run.stdout == f"{self.venv} {self.root}/support\n"


def write_wheel(folder: Path) -> Path:
    """The path of a wheel of one empty module, `leaf`."""
    path = folder / "leaf-1-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as wheel:
        wheel.writestr("leaf.py", "")
        wheel.writestr("leaf-1.dist-info/METADATA", "Metadata-Version: 2.1\nName: leaf\nVersion: 1\n")
        wheel.writestr("leaf-1.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr("leaf-1.dist-info/RECORD", "leaf.py,,\nleaf-1.dist-info/METADATA,,\n")
    return path


def snapshot(folder: Path) -> dict[str, int]:
    """Every file below a folder and when it was last changed."""
    return {str(path): path.lstat().st_mtime_ns for path in folder.rglob("*")}


def is_bilingual(text: str) -> bool:
    """Whether every line says something in English and in Korean."""
    return all(" · " in line and any("가" <= each <= "힣" for each in line) for line in text.splitlines())


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Course:
    """A small course that has been installed once; each test leaves it so."""
    made = Course(tmp_path_factory.mktemp("course"))
    first = made.run()
    assert first.returncode == 0, first.stderr
    assert len(first.stderr.splitlines()) == 4
    assert is_bilingual(first.stderr)
    return made


@pytest.fixture
def install() -> ModuleType:
    """A fresh copy of the module, to be changed by a test."""
    spec = importlib.util.spec_from_file_location("install_under_test", INSTALL)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_first_run_makes_what_is_needed(course: Course):
    assert course.works()


def test_the_second_run_starts_no_pip_and_changes_nothing(course: Course):
    before = snapshot(course.venv)
    pip = next(course.venv.glob("lib/*/site-packages/pip"))
    pip.rename(course.root / "pip")  # whoever needs pip now fails
    try:
        run = course.run("run", "-c", "print(1)")
        assert (run.returncode, run.stdout, run.stderr) == (0, "1\n", "")
    finally:
        (course.root / "pip").rename(pip)
    del before[str(pip.parent)]  # its own time has changed with the renaming
    assert before.items() <= snapshot(course.venv).items()


def test_the_exit_status_and_the_arguments_pass_through(course: Course):
    run = course.run("run", "-c", "import sys; print(sys.argv[1:]); sys.exit(7)", "--두 개", "a b")
    assert (run.returncode, run.stdout) == (7, "['--두 개', 'a b']\n")


def test_it_runs_as_in_an_activated_environment(course: Course):
    run = course.run("run", "-c", "import os, shutil; print(os.environ['VIRTUAL_ENV'], shutil.which('pip'))")
    assert run.stdout == f"{course.venv} {course.venv}/bin/pip\n"


def test_a_changed_extension_installs_only_the_course_again(course: Course):
    leaf = next(course.venv.glob("lib/*/site-packages/leaf.py"))
    before = leaf.stat().st_mtime_ns
    course.change_extension("second")
    assert len(course.run("run", "-c", "").stderr.splitlines()) == 1
    assert (course.venv / "share" / "small-course" / "label.txt").read_text() == "second"
    assert leaf.stat().st_mtime_ns == before


@pytest.mark.gate
def test_a_moved_checkout_heals_itself(course: Course):
    course.root = course.root.rename(course.root.parent / "옮긴 course")
    course.venv = course.root / ".venv"
    assert course.works()
    pip = subprocess.run([course.venv / "bin" / "pip", "--version"], capture_output=True, text=True)
    assert str(course.venv) in pip.stdout, "a script still names the old place"


@pytest.mark.gate
def test_a_hash_that_does_not_match_stops_it_and_mending_heals_it(course: Course):
    lock = course.root / "support" / "upkeep" / "requirements.lock"
    right = lock.read_text()
    course.lock("0" * 64)
    run = course.run("run", "-c", "print('must not run')")
    assert (run.returncode, run.stdout) == (1, "")
    assert "THESE PACKAGES DO NOT MATCH THE HASHES" in run.stderr
    assert is_bilingual(run.stderr.splitlines()[-1])
    lock.write_text(right)
    assert course.works()


@pytest.mark.gate
def test_a_killed_install_is_healed_by_the_next(course: Course):
    shutil.rmtree(course.venv)
    killed = subprocess.Popen(course.command(), env=course.environment, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while not (course.venv / "bin" / "python").exists():
        assert time.monotonic() < deadline
        time.sleep(0.01)
    killed.send_signal(signal.SIGKILL)  # its child lives on, and must not disturb the next run
    killed.wait()
    assert course.works()


@pytest.mark.gate
def test_two_runs_at_once_make_one_environment(course: Course):
    shutil.rmtree(course.venv)
    runs = [subprocess.Popen(course.command(), env=course.environment, stderr=subprocess.PIPE) for _ in range(2)]
    said = [run.communicate(timeout=HANGING)[1].decode() for run in runs]
    assert [run.returncode for run in runs] == [0, 0]
    assert sum("Making" in each for each in said) == 1
    assert course.works()


def test_a_read_only_checkout_uses_the_cache(course: Course, install: ModuleType, monkeypatch: pytest.MonkeyPatch):
    install.ROOT = course.root / "elsewhere"
    install.LOCK = INSTALL.parent / "requirements.lock"
    install.ROOT.mkdir()
    (install.ROOT / "pyproject.toml").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(course.cache))
    assert install.place() == install.ROOT / ".venv"
    monkeypatch.setattr(install.os, "access", lambda path, mode: str(install.ROOT) not in str(path))
    assert install.place().parent == course.cache / "wsgi-asgi-nginx-lab"
    monkeypatch.setattr(install.os, "access", lambda path, mode: False)
    with pytest.raises(SystemExit) as end:
        install.place()
    assert is_bilingual(end.value.code)


def test_without_the_venv_module_it_names_the_cure_and_leaves_nothing(course: Course, tmp_path: Path):
    shutil.copytree(course.root, tmp_path / "bare", ignore=shutil.ignore_patterns(".venv"))
    # What a Debian without python3-venv looks like from inside.
    bare = "import runpy, sys; sys.modules['ensurepip'] = None; runpy.run_path(sys.argv[0], run_name='__main__')"
    stub = f"import sys; sys.argv = sys.argv[1:]; {bare}"
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "apt-get").write_text("#!/bin/sh\n")
    (tmp_path / "bin" / "apt-get").chmod(0o755)
    environment = course.environment | {"PATH": f"{tmp_path}/bin:{os.environ['PATH']}"}
    command = [sys.executable, "-c", stub, str(tmp_path / "bare" / "support" / "upkeep" / "install.py")]
    run = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert run.returncode == 1
    assert run.stdout == ""
    assert len(run.stderr.splitlines()) == 1
    assert is_bilingual(run.stderr)
    sudo = "sudo " if os.geteuid() else ""
    assert f"{sudo}apt-get update && {sudo}apt-get install -y python3" in run.stderr
    assert not (tmp_path / "bare" / ".venv").exists()


def test_an_old_python_can_read_it():
    ast.parse(INSTALL.read_text(encoding="utf-8"), feature_version=(3, 6))


def test_an_old_python_says_so(install: ModuleType, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(install.sys, "version_info", (3, 9, 2))
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(SystemExit) as end:
        install.main([])
    assert "3.11 or newer is needed and this one is 3.9" in end.value.code
    assert is_bilingual(end.value.code)


def test_an_old_python_hands_over_to_a_newer_one_that_runs(
    install: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    for name, text in {"python3.13": "exit 127", "python3.12": f'exec "{sys.executable}" "$@"'}.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{text}\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}")
    monkeypatch.setattr(install.sys, "version_info", (3, 9, 2))
    monkeypatch.setattr(install.sys, "argv", ["support/upkeep/install.py", "run", "-m", "pytest"])
    handed: list[tuple[str, list[str]]] = []
    monkeypatch.setattr(install.os, "execv", lambda *call: handed.append(call))
    install.use_a_python_that_is_new_enough()
    newer = f"{tmp_path}/python3.12"
    assert handed == [(newer, [newer, "support/upkeep/install.py", "run", "-m", "pytest"])]


def test_root_may_open_jupyterlab(install: ModuleType, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(install.os, "geteuid", lambda: 1000)
    assert "--allow-root" not in install.jupyterlab()
    monkeypatch.setattr(install.os, "geteuid", lambda: 0)
    assert "--allow-root" in install.jupyterlab()


def test_an_unknown_word_is_refused(course: Course):
    run = course.run("lba")
    assert run.returncode == 1
    assert is_bilingual(run.stderr)


# -- the real thing ----------------------------------------------------------------------------------------


@pytest.fixture
def copy() -> Iterator[Path]:
    """A copy of the repository without an environment, in a folder that an ordinary user owns."""
    # Not in tmp_path, which only its owner may enter.
    outer = Path(tempfile.mkdtemp(prefix="fresh-"))
    outer.chmod(0o755)
    root = outer / "새 폴더 fresh"
    junk = shutil.ignore_patterns(".git", ".venv", "__pycache__", ".pytest_cache", ".ipynb_checkpoints")
    shutil.copytree(ROOT, root, ignore=junk)
    (outer / "home").mkdir()
    if os.geteuid() == 0:
        for path in outer.rglob("*"):
            shutil.chown(path, "nobody")
    yield root
    shutil.rmtree(outer)


@pytest.fixture
def as_user(copy: Path) -> Callable[..., subprocess.Popen]:
    """Start a command in the copy as an ordinary user with an empty home."""
    # What a fresh login finds: neither the environment that runs this test, its make included, nor root's own folders.
    foreign = ("XDG_", "VIRTUAL_ENV", "MAKE", "MFLAGS", "ARGS", "PYTEST_")
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    inherited["PATH"] = "/usr/local/bin:/usr/bin:/bin"
    nobody = pwd.getpwnam("nobody")
    user = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []} if os.geteuid() == 0 else {}

    def start(*command: str, **changes: str) -> subprocess.Popen:
        environment = inherited | {"HOME": str(copy.parent / "home"), "PYTHON": python_for_all()} | changes
        return subprocess.Popen(
            command, cwd=copy, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **user
        )

    return start


def python_for_all() -> str:
    """The path of a Python that an ordinary user may start too: root's may lie in root's home."""
    base = Path(sys._base_executable).resolve()
    hidden = any(not folder.stat().st_mode & stat.S_IXOTH for folder in base.parents)
    return "/usr/bin/python3" if os.geteuid() == 0 and hidden else str(base)


def answers(url: str) -> bool:
    """Whether a page is served there, by and by; JupyterLab prints its address a little too early."""
    deadline = time.monotonic() + HANGING
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError), urllib.request.urlopen(url, timeout=HANGING) as page:
            return page.status == 200
        time.sleep(0.1)
    return False


def some(config: pytest.Config) -> str:
    """What `make test` is to run in a copy: the first notebook, those of the share, and the tests that touch a system.

    All else runs as the user who runs this test, and another user changes nothing there.
    """
    names = dict.fromkeys([NOTEBOOKS[0], *of_the_share(config, NOTEBOOKS)])
    return " ".join(["ARGS=tests/bench", *(f"notebooks/{in_notebooks(path)}" for path in names)])


@pytest.mark.gate
def test_two_commands_on_a_fresh_copy(copy: Path, as_user: Callable[..., subprocess.Popen], pytestconfig):
    made = as_user("make", "test", some(pytestconfig))
    output = made.communicate(timeout=3600)[0]
    assert made.returncode == 0, output
    assert str(copy / ".venv") in output

    nowhere = {"https_proxy": "http://127.0.0.1:9", "http_proxy": "http://127.0.0.1:9", "no_proxy": "127.0.0.1"}
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    lab = as_user("make", "lab", f"ARGS=--no-browser --port={port}", **nowhere)
    try:
        url = next(line.split()[-1] for line in lab.stdout if "/lab/tree/notebooks/0-start-here.ipynb?token=" in line)
        assert answers(url)
    finally:
        lab.send_signal(signal.SIGTERM)
        lab.communicate(timeout=HANGING)


@pytest.mark.gate
def test_a_copy_that_cannot_be_written(copy: Path, as_user: Callable[..., subprocess.Popen]):
    for path in [copy, *copy.rglob("*")]:
        path.chmod(path.stat().st_mode & ~0o222)
    try:
        made = as_user("make", "test", f"ARGS=notebooks/{in_notebooks(NOTEBOOKS[0])}")
        output = made.communicate(timeout=3600)[0]
        assert made.returncode == 0, output
        assert "This folder cannot be written" in output
        assert str(copy.parent / "home" / ".cache" / "wsgi-asgi-nginx-lab") in output
        assert not (copy / ".venv").exists()
    finally:
        for path in [copy, *copy.rglob("*")]:
            path.chmod(path.stat().st_mode | 0o200)
