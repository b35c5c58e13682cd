"""The fixtures of the tests of support/."""

import contextlib
import dataclasses
import signal

import pytest
import samples

from support import Bench
from support.bench.programs import PROGRAMS

# A pytest that a script has put into the background ignores Ctrl-C, and so would every program that a test starts.
signal.signal(signal.SIGINT, signal.default_int_handler)


@contextlib.contextmanager
def clean_bench():
    """A bench with samples.HELLO as hello.py; afterwards nothing of it is left."""
    made = Bench()
    (made.folder / "hello.py").write_text(samples.HELLO, encoding="utf-8")
    yield made
    if Bench.current is not None:
        Bench.current.close()
    assert samples.processes(made.folder, made._keeper.pid) == []
    assert not made.folder.exists()


@pytest.fixture
def bench():
    """A bench for one test."""
    with clean_bench() as made:
        yield made


@pytest.fixture(scope="module")
def shared():
    """One bench for a module whose tests leave each other alone; not to be mixed with `bench`."""
    with clean_bench() as made:
        yield made


@pytest.fixture
def familiar(monkeypatch):
    """A port that nobody else looks for, as the familiar one of every program: once free, it stays free."""
    port = samples.quiet_port()
    for name, row in PROGRAMS.items():
        monkeypatch.setitem(PROGRAMS, name, dataclasses.replace(row, port=port))
    return port


@pytest.fixture
def stranger():
    """The port on which somebody else's web server answers "stranger"."""
    with samples.stranger() as port:
        yield port
