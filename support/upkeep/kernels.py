"""How the kernels of `make test` and `make refresh` are reached, under a name and not on ports; how long a cell has.

Jupyter looks for five free ports and leaves them to the kernel, which takes them a second later. Another kernel that
starts in that second may have got one of them, and then the first one never answers.
"""

import sys
from uuid import uuid4

# A bound that a busy machine does not reach: thirty kernels on two cores take fifteen times as long as one, and more.
SECONDS_A_CELL = 300


def address() -> dict:
    """The settings of Jupyter's KernelManager for one more kernel; none where a socket's name would be a file."""
    # A name that begins with @ is in Linux' abstract namespace: it is gone with the kernel, however that ends.
    return {"transport": "ipc", "ip": f"@{uuid4()}"} if sys.platform == "linux" else {}
