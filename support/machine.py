"""preflight(): which programs and versions this machine has, and how to get what is missing."""

import platform
import re
import subprocess
import sys
from importlib import metadata

from .bench.programs import INSTALL, find
from .show import Table

PACKAGES = ("gunicorn", "uvicorn", "daphne", "httpx", "websockets", "h11")


class Preflight:
    """`ok` is True when nothing is missing; shown as a table of product/version."""

    def __init__(self) -> None:
        self.versions: dict[str, str | None] = {
            "CPython": platform.python_version() if sys.version_info >= (3, 11) else None,
            "nginx": _nginx_version(),
            **{name: _package_version(name) for name in PACKAGES},
        }

    @property
    def missing(self) -> list[str]:
        """The names of what this machine does not have."""
        return [name for name, version in self.versions.items() if version is None]

    @property
    def ok(self) -> bool:
        return not self.missing

    def _table(self) -> Table:
        rows = [
            ("✗", f"{name}  →  {INSTALL.get(name, f'%pip install {name}')}")
            if version is None
            else ("✓", f"{name}/{version}")
            for name, version in self.versions.items()
        ]
        return Table(("", ""), rows, ["bad" if row[0] == "✗" else "ok" for row in rows])

    def __repr__(self) -> str:
        return repr(self._table())

    def _repr_html_(self) -> str:
        return self._table()._repr_html_()


def preflight() -> Preflight:
    """What this machine has, asked of the programs and packages themselves."""
    return Preflight()


def _package_version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _nginx_version() -> str | None:
    """The version that `nginx -v` prints, or None without nginx."""
    path = find("nginx")
    if path is None:
        return None
    said = subprocess.run([path, "-v"], capture_output=True, text=True, timeout=10, check=False)
    found = re.search(r"nginx/([\d.]+)", said.stderr)
    return found[1] if found else None
