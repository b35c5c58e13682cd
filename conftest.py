"""What a bare `pytest --nbval` needs to be strict, from any folder of the repository."""

import sys
import time
from pathlib import Path
from queue import Empty

import nbval.kernel
import nbval.plugin
import pytest
from jupyter_client import KernelManager

from support.bench.turns import Turn
from support.upkeep import kernels

pytest_plugins = ["support.upkeep.proofs"]

SECONDS_FOR_OUTPUTS = 120  # between a cell's end and the last of what it has shown; nbval's own five are fixed
NBVALS_DEFAULT = 2000
LOOK = 1.0  # seconds between two looks at whether the kernel still lives


class Kernel(nbval.kernel.RunningKernel):
    """nbval's kernel, started when it is its turn; one that has died is not waited for."""

    def __init__(self, *arguments, **options):
        with Turn():
            super().__init__(*arguments, **options)

    def get_message(self, stream, timeout=None):
        """The next message. Raises Empty after `timeout` seconds, or once the kernel has ended."""
        end = time.monotonic() + (kernels.SECONDS_A_CELL if timeout is None else timeout)
        while True:
            alive = self.is_alive()  # asked first: what it has said is here then
            try:
                return super().get_message(stream, max(0, min(LOOK, end - time.monotonic())))
            except Empty:
                if not alive:  # nbval will call that a timeout
                    print("The kernel has ended.", file=sys.stderr)
                if not alive or time.monotonic() >= end:
                    raise


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
        if option.nbval_cell_timeout == NBVALS_DEFAULT:
            option.nbval_cell_timeout = kernels.SECONDS_A_CELL
        nbval.kernel.KernelManager = lambda **settings: KernelManager(**kernels.address(), **settings)
        nbval.plugin.RunningKernel = Kernel


def pytest_itemcollected(item):
    """A cell's outputs are waited for as long as a busy machine needs."""
    if isinstance(item, nbval.plugin.IPyNbCell):
        item.output_timeout = SECONDS_FOR_OUTPUTS
