"""What a bare `pytest --nbval` needs to be strict, from any folder of the repository."""

import subprocess
from pathlib import Path

import nbval.kernel
import pytest
from jupyter_client import KernelManager

from support.upkeep import kernels

SECONDS_A_CELL = 60
NBVALS_DEFAULT = 2000


def pytest_addoption(parser):
    """--share, for the proofs that multiply with the notebooks."""
    parser.addoption(
        "--share",
        metavar="K/N",
        help="of the gates that run once for each notebook the Kth of N shares; auto/N: the next with each commit",
    )


def pytest_collection_modifyitems(config, items):
    """Leaves out the gates that belong to another share. What does not multiply with the notebooks always runs."""
    if not config.option.share:
        return
    number, of = share(config.option.share)
    several = [item for item in items if "path" in getattr(getattr(item, "callspec", None), "params", ())]
    others = {item for place, item in enumerate(several) if place % of != number - 1}
    config.hook.pytest_deselected(items=list(others))
    items[:] = [item for item in items if item not in others]


def pytest_report_header(config):
    """Which share this is, and how to run it again."""
    if config.option.share:
        number, of = share(config.option.share)
        return f"share {number} of {of}: again with --share {number}/{of}"
    return None


def share(text: str) -> tuple[int, int]:
    """(K, N) of K/N. Of auto/N, K goes on with every commit, so that N commits in a row run everything."""
    number, _, of = text.partition("/")
    if number == "auto":
        count = ["git", "-c", "safe.directory=*", "rev-list", "--count", "HEAD"]
        commits = subprocess.run(count, cwd=Path(__file__).parent, capture_output=True, text=True, check=True).stdout
        number = int(commits) % int(of) + 1
    return int(number), int(of)


@pytest.hookimpl(trylast=True)
def pytest_configure(config):
    """Sanitise, use the running Python and bound each cell; leave the gates to `-m gate`."""
    option = config.option
    if not option.markexpr:
        option.markexpr = "not gate"
    if getattr(option, "nbval", False) or getattr(option, "nbval_lax", False):
        # An absolute path: in addopts it would be looked for in whatever folder pytest was started.
        option.nbval_sanitize_with = option.nbval_sanitize_with or str(Path(__file__).parent / "tests" / "sanitize.cfg")
        option.nbval_current_env = option.nbval_kernel_name is None
        if option.nbval_cell_timeout == NBVALS_DEFAULT:  # a dead kernel waits all of it
            option.nbval_cell_timeout = SECONDS_A_CELL
        nbval.kernel.KernelManager = lambda **settings: KernelManager(**kernels.address(), **settings)
