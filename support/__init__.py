"""The learner's bench: real servers in notebook cells, and everything that crosses them made visible.

The nouns, before the first verb:

    Bench     a temporary folder on which real programs stand
    Server    one running program: its url, its log, its recorded events
    Tap       a transparent relay in front of a server
    Wire      what crossed a tap: Messages, decoded, beside their bytes
    Event     one WSGI call or one ASGI event, as `record(app)` wrote it down
    Grid      the answers of several servers to the same cases, side by side
    Diagram   a sequence of arrows between lanes: client, nginx, server, app
    Verdict   what the check of an exercise found
"""

import sys
from importlib import import_module

_HOME = {
    "Bench": "bench.bench",
    "BenchError": "errors",
    "grid": "grids",
    "outcome": "outcomes",
    "preflight": "machine",
    "record": "app.record",
    "say": "wire.say",
    "sequence": "sequences",
    "timeline": "timelines",
}
__all__ = list(_HOME)


def __getattr__(name: str):
    # Servers import `record` from here too: each name brings its own module and no other.
    if name not in _HOME:
        raise AttributeError(f"module 'support' has no attribute {name!r}")
    if name == "Bench":
        _join_notebook()
    return getattr(import_module(f".{_HOME[name]}", __name__), name)


def load_ipython_extension(shell) -> None:
    """Makes a kernel one of ours: %%nginx, and a hint when a cell is run before the one it builds on."""
    from . import notebook

    notebook.join(shell)


def _join_notebook() -> None:
    """Does so for the kernel of another environment, which has not loaded the extension by itself."""
    if "IPython" in sys.modules and (shell := sys.modules["IPython"].get_ipython()):
        load_ipython_extension(shell)
