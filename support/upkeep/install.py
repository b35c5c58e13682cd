"""Make the course's Python environment once, then run programs in it.

    python3 support/upkeep/install.py              make or refresh the environment; done at once if it is up to date
    python3 support/upkeep/install.py run ARGS…    the same, then the environment's Python with these arguments
    python3 support/upkeep/install.py lab ARGS…    the same, then JupyterLab on the first notebook

Standard library only, because it runs before anything is installed, and in syntax that Python 3.6 can read,
so that an old Python gets to say that it is too old.
"""

import contextlib
import hashlib
import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LOCK = ROOT / "support" / "upkeep" / "requirements.lock"
OLDEST = (3, 11)
NEWER = ("python3.14", "python3.13", "python3.12", "python3.11")
FIRST_NOTEBOOK = "notebooks/0-start-here.ipynb"


def main(arguments):
    """Install what is missing, then become the program asked for; comes back only when none was."""
    if arguments and arguments[0] not in ("run", "lab"):
        fail(f"Unknown: {arguments[0]}; give no argument, run or lab", "인자 없이 실행하거나 run 또는 lab을 쓰세요")
    use_a_python_that_is_new_enough()
    venv = install()
    if not arguments:
        say(f"Ready: {venv}", "준비가 끝났습니다")
    elif arguments[0] == "run":
        become(venv, arguments[1:])
    else:
        say("Opening JupyterLab; its address is printed below", "JupyterLab을 엽니다. 주소는 아래에 나옵니다")
        become(venv, jupyterlab() + arguments[1:])


def say(english, korean):
    """Print one line in both languages, to stderr: stdout belongs to the program that is run."""
    print(f"{english} · {korean}", file=sys.stderr, flush=True)


def fail(english, korean):
    """End with exit status 1 and one line in both languages."""
    raise SystemExit(f"{english} · {korean}")


# -- which Python ------------------------------------------------------------------------------------------


def use_a_python_that_is_new_enough():
    """Come back if this Python will do, else start again with a newer one from PATH, else fail."""
    if os.name != "posix":
        fail(
            "On Windows, use WSL 2: gunicorn runs on Unix alone",
            "Windows에서는 WSL 2를 쓰세요. gunicorn은 Unix에서만 동작합니다",
        )
    if sys.version_info >= OLDEST:
        return
    newer = newer_python()
    if newer is None:
        old, needed = "{}.{}".format(*sys.version_info), "{}.{}".format(*OLDEST)
        fail(
            f"Python {needed} or newer is needed and this one is {old}: install one, or name it (make lab PYTHON=…)",
            f"Python {needed} 이상이 필요한데 이 Python은 {old}입니다. "
            "새 버전을 설치하거나 make lab PYTHON=…으로 지정하세요",
        )
    os.execv(newer, [newer, *sys.argv])


def newer_python():
    """The path of the first Python on PATH that is new enough and runs (a pyenv shim may not), or None."""
    check = f"import sys; sys.exit(sys.version_info < {OLDEST})"
    for path in filter(None, map(shutil.which, NEWER)):
        if subprocess.call([path, "-c", check], stderr=subprocess.DEVNULL) == 0:
            return path
    return None


def base_python():
    """The path of the Python outside any virtual environment: the one in .venv may be about to go."""
    return getattr(sys, "_base_executable", sys.executable)


def check_that_venvs_can_be_made():
    """Come back if this Python can make virtual environments, else fail with the line that cures it."""
    if find_spec("venv") and find_spec("ensurepip"):
        return
    if not shutil.which("apt-get"):
        fail(
            f"{base_python()} cannot make virtual environments (no ensurepip): install a complete Python",
            "이 Python은 가상 환경을 만들 수 없습니다(ensurepip 없음). 온전한 Python을 설치하세요",
        )
    is_debians_own = os.path.realpath("/usr/bin/python3") == os.path.realpath(base_python())
    package = "python3-venv" if is_debians_own else "python{}.{}-venv".format(*sys.version_info)
    sudo = "sudo " if os.geteuid() else ""
    cure = f"{sudo}apt-get update && {sudo}apt-get install -y {package}"
    fail(f"Python's venv module is missing; run: {cure}", "Python의 venv 모듈이 없습니다. 위에 나온 명령을 실행하세요")


# -- where -------------------------------------------------------------------------------------------------


def place():
    """The folder of the environment: a finished one first, else the first that can be written."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"))
    places = (ROOT / ".venv", cache / "wsgi-asgi-nginx-lab" / digest(os.fsencode(str(ROOT)))[:16])
    best = next(filter(is_finished, places), None) or next(filter(is_writable, places), None)
    if best is None:
        fail("Neither folder can be written to: {} {}".format(*places), "두 폴더 모두에 파일을 쓸 수 없습니다")
    return best


def is_writable(venv):
    """Whether the folder can be made, or removed and made again."""
    above = venv.parent
    while not os.path.exists(str(above)):
        above = above.parent
    existing = [path for path in (above, venv) if os.path.exists(str(path))]
    return all(os.access(str(path), os.W_OK | os.X_OK) for path in existing)


# -- what --------------------------------------------------------------------------------------------------


def digest(*parts):
    """A hexadecimal hash of bytes, in which moving a byte from one part to the next shows."""
    return hashlib.sha256(b"".join(hashlib.sha256(part).digest() for part in parts)).hexdigest()


def wanted():
    """Two hashes, of what the locked packages and this package (on top of them) are installed from."""
    # The path: a virtual environment does not survive a move. The machine: a home may be shared by several.
    system = f"{sys.implementation.cache_tag} {os.uname().machine} {ROOT}"
    packages = digest(os.fsencode(system), LOCK.read_bytes())
    # pip copies the JupyterLab extension, so it has to be copied again when it changes.
    copied = sorted(path for path in (ROOT / "support" / "upkeep" / "lab").rglob("*") if path.is_file())
    own = digest(packages.encode(), *[path.read_bytes() for path in [ROOT / "pyproject.toml", *copied]])
    return [packages, own]


def installed(venv):
    """The hashes of what this environment was made from, as far as that was finished."""
    if not os.access(str(python_in(venv)), os.X_OK):
        return []
    try:
        return (venv / "made-from").read_text().split()
    except OSError:
        return []


def is_finished(venv):
    """Whether the environment holds exactly what this checkout asks for."""
    return installed(venv) == wanted()


def python_in(venv):
    """The path of the environment's Python."""
    return venv / "bin" / "python"


# -- how ---------------------------------------------------------------------------------------------------


def install():
    """The folder of the finished environment, made or brought up to date first if need be."""
    venv = place()
    if not is_finished(venv):
        check_that_venvs_can_be_made()
        venv.parent.mkdir(parents=True, exist_ok=True)
        with only_one_at_a_time(venv.parent):
            if not is_finished(venv):  # another run may have finished it while this one waited
                make(venv)
    return venv


@contextlib.contextmanager
def only_one_at_a_time(folder):
    """A with-block that waits until no other process is in it; the lock goes with the process."""
    import fcntl  # not on Windows

    handle = os.open(str(folder), os.O_RDONLY)
    os.set_inheritable(handle, True)  # if this run is killed, its pip keeps the lock for as long as it lives
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        say("Waiting for another run to finish installing", "다른 프로세스가 설치를 마칠 때까지 기다립니다")
        fcntl.flock(handle, fcntl.LOCK_EX)
    except OSError:
        pass  # some network file systems cannot lock: then do without
    try:
        yield
    finally:
        os.close(handle)


def make(venv):
    """Bring the environment up to date; each hash is written only when its part is finished."""
    packages, own = wanted()
    if installed(venv)[:1] != [packages]:
        if ROOT not in venv.parents:
            say(
                "This folder cannot be written to, so your cache is used",
                "이 폴더에는 쓸 수 없어 캐시 폴더를 사용합니다",
            )
        say(f"Making {venv} (once, a minute or two)", "가상 환경을 만듭니다(처음 한 번, 1~2분)")
        if venv.exists():
            shutil.rmtree(str(venv))
        step(base_python(), "-m", "venv", venv)
        say("Downloading and installing the locked packages", "고정된 버전의 패키지를 내려받아 설치합니다")
        # Building from source would fetch build tools that no hash covers.
        pip(venv, "--require-hashes", "--only-binary=:all:", "-r", LOCK)
        (venv / "made-from").write_text(packages)
    say("Installing the course itself", "이 과정의 패키지를 설치합니다")
    pip(venv, "--no-deps", "--no-build-isolation", "--no-index", "-e", ".")
    (venv / "made-from").write_text(f"{packages} {own}")


def pip(venv, *arguments):
    """Install with the environment's own pip."""
    # -I: what PYTHONPATH happens to hold must not count as installed.
    options = ("--quiet", "--disable-pip-version-check", "--no-input")
    step(python_in(venv), "-I", "-m", "pip", "install", *options, *arguments)


def step(*command):
    """Run a command in the checkout; when it fails, so does everything, below the command's own message."""
    # A user's "user = true" in pip's settings must not lead out of the environment.
    environment = dict(os.environ, PIP_USER="0")
    if subprocess.call([str(part) for part in command], cwd=str(ROOT), env=environment, close_fds=False):
        fail(
            "Not finished: the reason is above. Running the same command again starts afresh",
            "완료하지 못했습니다. 원인은 위에 있습니다. 같은 명령을 다시 실행하면 처음부터 다시 시작합니다",
        )


# -- run ---------------------------------------------------------------------------------------------------


def become(venv, arguments):
    """Never comes back: this process becomes the environment's Python, with the environment activated."""
    search = os.pathsep.join([str(venv / "bin"), os.environ.get("PATH", os.defpath)])
    environment = dict(os.environ, PATH=search, VIRTUAL_ENV=str(venv))
    environment.pop("PYTHONHOME", None)
    python = str(python_in(venv))
    os.execve(python, [python, *arguments], environment)


def jupyterlab():
    """The arguments that open JupyterLab on the first notebook, for root too."""
    as_root = [] if os.geteuid() else ["--allow-root"]
    where = [f"--ServerApp.root_dir={ROOT}", f"--LabApp.default_url=/lab/tree/{FIRST_NOTEBOOK}"]
    return ["-m", "jupyterlab", *where, *as_root]


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except KeyboardInterrupt:
        fail(
            "Stopped; running the same command again finishes it",
            "중단했습니다. 같은 명령을 다시 실행하면 설치를 마칩니다",
        )
