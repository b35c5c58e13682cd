"""The JupyterLab of the tests: it runs until it is told to end, and its log tells why it did not."""

import os
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from unittest.mock import Mock

import psutil
import pytest
from browser import jupyterlab

# Node sets the flag, and its end takes it away again; this one leaves it, so that no test depends on the moment.
NODE = f"""#!{sys.executable}
import fcntl, os
fcntl.fcntl(0, fcntl.F_SETFL, os.O_NONBLOCK)
"""


def own_process() -> psutil.Process:
    """The process of the only JupyterLab that this process runs."""
    return next(child for child in psutil.Process().children() if "jupyterlab" in " ".join(child.cmdline()))


def test_it_goes_on_whatever_its_children_do_to_their_stdin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "node").write_text(NODE)
    (tmp_path / "node").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    kill = Mock(wraps=subprocess.Popen.kill)
    monkeypatch.setattr(subprocess.Popen, "kill", lambda process: kill(process))
    with jupyterlab(tmp_path, "--expose-app-in-browser") as url:
        urllib.request.urlopen(url).close()
        server = own_process()
        server.suspend()
        server.resume()
        time.sleep(0.5)
        assert urllib.request.urlopen(url).status == 200
    assert not kill.called, "it did not notice that its pipe had closed"


def test_its_log_outlives_it(tmp_path: Path):
    with pytest.raises(RuntimeError, match=r"(?s)ended by itself.*Jupyter Server"), jupyterlab(tmp_path):
        server = own_process()
        server.terminate()
        server.wait()


def test_one_that_cannot_start_says_why(tmp_path: Path):
    with pytest.raises(RuntimeError, match=r"(?s)did not start:.*no-such"), jupyterlab(tmp_path, "--ip=no-such"):
        pass
