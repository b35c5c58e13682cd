"""What a bare `pytest --nbval` needs to be strict, from any folder of the repository."""

from pathlib import Path

import nbval.kernel
import pytest
from jupyter_client import KernelManager

from support.upkeep import kernels

SECONDS_A_CELL = 60
NBVALS_DEFAULT = 2000


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
