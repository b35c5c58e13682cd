"""The gate "anywhere": each notebook passes wherever, whenever and however often it is run; see test_thirty, too."""

import contextlib
import os
import shutil
import socket
import subprocess
import sys

import course
import nbformat
import pytest

from support.upkeep.proofs import of_the_share

PORTS = (8000, 8001, 9001, 8080, 18000, 18001, 19001, 18080)
# IPython runs it when a kernel starts. What is left then is what other systems have, too.
WITHOUT_SHORTCUTS = """
from pathlib import Path
from support.bench import ports

ports.LINUX, ports.LOCKS = False, Path({locks!r})
"""


@contextlib.contextmanager
def ports_taken():
    """A with-block during which a stranger listens on the ports that the bench likes best."""
    with contextlib.ExitStack() as strangers:
        for port in PORTS:
            with contextlib.suppress(OSError):  # somebody else has it already: just as well
                strangers.enter_context(socket.create_server(("127.0.0.1", port)))
        yield


def nginx_versions():
    """(id, environment) for each nginx there is: the package's, and Debian's where $DEBIAN_NGINX names it."""
    here = os.path.dirname(sys.executable)
    bare = os.pathsep.join(
        folder
        for folder in os.environ["PATH"].split(os.pathsep)
        if folder != here and not shutil.which("nginx", path=folder)
    )
    yield pytest.param({"PATH": bare}, id="packaged nginx")
    debian = os.environ.get("DEBIAN_NGINX")
    skip = pytest.mark.skipif(not debian, reason="$DEBIAN_NGINX does not name Debian's nginx; .ci/run does")
    folder = os.path.dirname(debian or "")
    yield pytest.param({"PATH": f"{folder}{os.pathsep}{bare}"}, id="Debian's nginx", marks=skip)


@pytest.mark.gate
@pytest.mark.parametrize("environment", list(nginx_versions()))
@pytest.mark.parametrize("path", course.NOTEBOOKS, ids=course.name)
def test_twice_in_one_kernel_with_its_usual_ports_taken(path, environment, tmp_path):
    notebook = course.read(path)
    notebook.cells += [nbformat.from_dict({**cell, "id": f"{cell.id}-again"}) for cell in notebook.cells]
    copy = course.copied(path, tmp_path)
    nbformat.write(notebook, copy)
    with ports_taken():
        run = course.nbval(copy, env=os.environ | environment)
    assert run.returncode == 0, f"make the cell bear it: no fixed port, no leftover state\n{run.stdout[-3000:]}"


def without_shortcuts(folder):
    """The variables for kernels that use neither abstract sockets nor sock_diag, and the folder of their claims."""
    startup, locks = folder / "ipython" / "profile_default" / "startup" / "shortcuts.py", folder / "locks"
    startup.parent.mkdir(parents=True)
    locks.mkdir()
    startup.write_text(WITHOUT_SHORTCUTS.format(locks=str(locks)), encoding="utf-8")
    return {"IPYTHONDIR": str(folder / "ipython")}, locks


@pytest.mark.gate
@pytest.mark.alone  # the lock files of these four and the sockets that other proofs lock do not know of each other
@pytest.mark.parametrize("path", course.NOTEBOOKS, ids=course.name)
def test_four_at_once_without_linuxs_shortcuts_from_a_read_only_checkout_with_a_space_and_hangul(path, tmp_path):
    environment, locks = without_shortcuts(tmp_path)
    folder = tmp_path / "읽기 전용 checkout"
    for needed in ("conftest.py", "pyproject.toml", "tests/sanitize.cfg"):
        (folder / needed).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(course.ROOT / needed, folder / needed)
    shutil.copytree(course.ROOT / "notebooks", folder / "notebooks")
    target = folder / "notebooks" / course.name(path)
    command = [sys.executable, "-m", "pytest", "--nbval", "-q", "-p", "no:cacheprovider", str(target)]
    for place in [*folder.rglob("*"), folder]:
        place.chmod(0o555 if place.is_dir() else 0o444)
    options = {"cwd": folder, "env": os.environ | environment, "stdout": subprocess.PIPE, "text": True}
    runs = [subprocess.Popen(command, **options) for _ in range(4)]
    try:
        said = [run.communicate(timeout=600)[0] for run in runs]
    finally:
        for run in runs:
            run.kill()
        for place in [folder, *folder.rglob("*")]:
            place.chmod(0o755)
    assert [run.returncode for run in runs] == [0, 0, 0, 0], (
        f"an output depends on what else runs: show names and order, no times\n{max(said, key=len)[-3000:]}"
    )
    assert list(locks.iterdir()), "Linux's shortcuts were not switched off: mend without_shortcuts()"


@pytest.mark.gate
def test_in_reverse_order(pytestconfig):
    backwards = [str(path) for path in reversed(of_the_share(pytestconfig, course.NOTEBOOKS))]
    command = [sys.executable, "-m", "pytest", "--nbval", "-q", "-p", "no:cacheprovider", *backwards]
    run = subprocess.run(command, cwd=course.ROOT, capture_output=True, text=True, timeout=900, check=False)
    assert run.returncode == 0, f"make the cell bear it: no fixed port, no leftover state\n{run.stdout[-3000:]}"


def test_the_versions_of_nginx_differ():
    """The two environments really lead to two programs, where there are two."""
    if "DEBIAN_NGINX" not in os.environ:
        pytest.skip("$DEBIAN_NGINX does not name Debian's nginx; .ci/run does")
    ask = [sys.executable, "-c", "from support import preflight; print(preflight().versions['nginx'])"]
    environments = [os.environ | parameter.values[0] for parameter in nginx_versions()]
    packaged, debian = (subprocess.check_output(ask, env=env, cwd=course.ROOT, text=True) for env in environments)
    assert packaged != debian, "both runs use one nginx: $DEBIAN_NGINX must name the other, as .ci/run has it"
