"""The bench: real programs stand on it, each started by the command one would type in a terminal."""

import contextlib
import errno
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from ..app import target
from ..errors import BenchError, expect_text
from ..loopback import HOST
from ..show import Table
from ..waiting import until
from . import commands, keeper, ports
from .certificates import Certificate, certificate
from .page import Page
from .programs import PROGRAMS, require
from .server import PortTaken, Server

if TYPE_CHECKING:
    from ..wire.tap import Tap
    from .nginx import Site

TRIES = 30  # somebody who makes no claims may take as many ports between our look at them and the program's
SETTLING = 1.0  # seconds at most
TAPS = 10_000  # so far from its server's port a tap's is looked for: one sees which belongs to which
FAMILIAR = 8000  # near this, where a server has a unix socket


class Bench:
    """A fresh temporary folder with servers in it. Making a new bench clears the one before.

    The kernel works inside the folder, so `%%writefile hello.py` puts an ordinary file there. Everything
    that the bench starts ends with the kernel, however that ends (see `keeper`).
    """

    current: "Bench | None" = None

    def __init__(self) -> None:
        if Bench.current is not None:
            Bench.current.close()
        self.home = Path.cwd()
        self.folder = Path(tempfile.mkdtemp(prefix="bench-")).resolve()
        self._umask: int | None = None  # the one before, where it had to be changed
        if os.geteuid() == 0:
            # Started by root, nginx works as another user, who must read here, and whatever is written here.
            self.folder.chmod(0o755)
            self._umask = os.umask(0o022)
        (self.folder / ".bench").mkdir()
        self.servers: dict[str, Server] = {}
        self.taps: list = []
        self._claims: list[ports.Claim] = []  # of the taps
        self._keeper = subprocess.Popen(
            [sys.executable, "-I", keeper.__file__, str(self.folder), str(os.getpid())],
            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, process_group=0, bufsize=0,
        )  # fmt: skip
        os.chdir(self.folder)
        _keep_proxies_out()
        Bench.current = self

    @classmethod
    def standing(cls) -> "Bench":
        """The bench that stands in this kernel. Raises BenchError if there is none."""
        if cls.current is None:
            raise BenchError(
                "There is no bench yet. Run the cell with bench = Bench() first.",
                "아직 작업대가 없습니다. bench = Bench()가 있는 셀을 먼저 실행하세요.",
            )
        return cls.current

    def run(
        self,
        command: str,
        *,
        name: str | None = None,
        port: int | None = None,
        listens: bool = True,
        tls: bool = False,
        timeout: float = 20.0,
    ) -> Server:
        """Runs a command and returns its Server once it answers; prints the exact command.

        The bench adds where to listen: the program's familiar port or the next free one, or just `port`; unless
        the command names a unix socket, or `listens` is False, as for a worker. Whether the server speaks TLS is
        seen from its options; of a program of one's own `tls` says so. `name` is what it is called in diagrams.

        A command (or a `name`) that runs already is stopped first. Raises BenchError when the program is missing,
        ends, can be reached by other machines, or does not answer and is idle for `timeout` seconds; it is stopped
        then (see `Server.stop`).
        """
        self._stands()
        if port is not None and not 0 < port < 65536:
            raise BenchError(
                f"{port} is not a port: ports go from 1 to 65535.",
                f"{port}번 포트는 없습니다. 1부터 65535까지 쓸 수 있습니다.",
            )
        expect_text(command, "bench.run()")
        read = commands.read(command, self.folder, listens)
        read.tls |= tls
        port = None if read.unix or read.nowhere else port
        self._refuse_constants(read)
        if read.name == "nginx":
            from .nginx import FileSite  # only now, as below: most lessons run no nginx

            site = FileSite(self.folder, read.words, name)
            return self._start_nginx(site, read, name or command, name, port, timeout)
        return self._start(read, name or command, name, port, timeout)

    def nginx(
        self,
        site: str,
        names: dict | None = None,
        *,
        name: str = "nginx",
        key: str | None = None,
        timeout: float = 20.0,
    ) -> Server:
        """Runs nginx with a site configuration in which `{{ }}` is filled in from `names`; its Server.

        `site` is what stands in a server block, in the http block, or a whole nginx.conf. Wherever it listens, it
        is moved to loopback. `key` is the folder that it gets, and what runs there already is stopped first: `name`,
        unless given. Raises BenchError with nginx's message and the line when nginx refuses it.
        """
        from .nginx import CellSite

        self._stands()
        expect_text(site, "bench.nginx()")
        cell = CellSite(self.folder, key or name, site, names or {})
        command = commands.Command(cell.words, {}, "nginx", PROGRAMS["nginx"])
        return self._start_nginx(cell, command, key or name, name, None, timeout)

    def _start_nginx(
        self, site: "Site", command: commands.Command, key: str, name: str | None, port: int | None, timeout: float
    ) -> Server:
        """Runs nginx with a site that is moved to the port, or to a free one."""
        from .nginx import Nginx

        row = replace(command.program, port=site.port, ready=site.ready)
        moved = replace(command, words=site.words, program=row, unix=site.unix)
        try:
            return self._start(moved, key, name, port, timeout, make=partial(Nginx, site=site))
        except BenchError as error:
            raise site.refusal(error) from None

    def tap(self, upstream: Server, *, client: str = "client") -> "Tap":
        """A Tap in front of a server: send requests to its `url`, and it keeps every byte both ways.

        `client` names who will connect to it in diagrams ("nginx" for the hop behind nginx).
        """
        from ..wire.tap import Tap  # only now: what decodes bytes takes as long to import as all the rest

        self._stands()
        if not isinstance(upstream, Server):
            kind = type(upstream).__name__
            raise BenchError(
                f"{kind} is not a server. A tap stands in front of what bench.run(…) or %%nginx gave: bench.tap(web).",
                f"{kind} 객체는 서버가 아닙니다. 도청기는 bench.run(…)이나 %%nginx로 시작한 서버 앞에 둡니다: "
                "bench.tap(web)",
            )
        if not upstream.running:
            raise upstream.gone()
        _ = upstream.endpoint  # it has one, or says that it listens nowhere
        near = upstream.port or FAMILIAR
        for claim in ports.claims(near + (TAPS if near < 50_000 else -TAPS)):
            try:
                tap = Tap(upstream, claim.port, client)
            except OSError as error:
                claim.close()
                if error.errno != errno.EADDRINUSE:
                    raise
                continue  # somebody who makes no claims took the port between our look and now
            break
        self._claims.append(claim)
        self.taps.append(tap)
        upstream.taps.append(tap)
        return tap

    def page(self, site: Server, path: str = "/") -> Page:
        """A page of a site, as a frame below the cell. Raises BenchError when the path does not begin with "/"."""
        return Page(site, path)

    def certificate(self) -> Certificate:
        """The bench's TLS certificate for localhost and 127.0.0.1: the paths of its `cert`, its `key` and its `ca`."""
        self._stands()
        return certificate(self.folder)

    def load(self, name: str):
        """The object that `name` (such as "hello:app") names, from the file as it is now; no server."""
        self._stands()
        expect_text(name, "bench.load()")
        return target.load(self.folder, name)

    def close(self) -> None:
        """Ends everything the bench started and removes its folder."""
        for tap in self.taps:
            tap.close()
        with contextlib.suppress(OSError, ValueError):  # somebody has ended the keeper, or this is the second time
            self._keeper.stdin.write(b"close\n")
        self._keeper.stdin.close()
        self._keeper.wait()
        for server in self.servers.values():
            server.stop()
            server.release()
        for claim in self._claims:
            claim.close()
        if Bench.current is self:
            Bench.current = None
            os.chdir(self.home if self.home.is_dir() else self.folder.parent)
            if self._umask is not None:
                os.umask(self._umask)

    def _stands(self) -> None:
        """Raises BenchError if this bench has been cleared: its folder and its servers are gone."""
        if Bench.current is not self:
            raise BenchError(
                "This bench has been cleared. Run the cell with bench = Bench(), then the cells below it.",
                "이 작업대는 이미 정리되었습니다. bench = Bench()가 있는 셀부터 차례로 다시 실행하세요.",
            )

    def _table(self) -> Table:
        rows = [
            (server.name, server.shown, server.address, "yes" if server.running else f"ended, status {server.status}")
            for server in self.servers.values()
        ]
        rows += [(f"tap of {tap.upstream.name}", "", tap.address, "yes") for tap in self.taps]
        return Table(("name", "command", "address", "runs"), rows)

    def __repr__(self) -> str:
        return repr(self._table()) if self.servers else "nothing stands on the bench"

    def _repr_html_(self) -> str | None:
        return self._table()._repr_html_() if self.servers else None

    def _refuse_constants(self, command: commands.Command) -> None:
        """Raises BenchError if the app that the command names is none: these would answer every request with 500."""
        for word in command.words[1:]:
            if command.name in ("uvicorn", "daphne", "hypercorn") and (kind := target.constant(self.folder, word)):
                raise BenchError(
                    f"{word} is not an application: it is of type {kind}, which cannot be called. "
                    "Name the app instead.",
                    f"{word} 값은 {kind} 타입이라 애플리케이션으로 호출할 수 없습니다. 앱의 이름을 쓰세요.",
                )

    def _start(
        self,
        command: commands.Command,
        key: str,
        name: str | None,
        port: int | None,
        timeout: float,
        make: Callable[..., Server] = Server,
    ) -> Server:
        """Starts a program in place of the one with that key, if any; `make` gets what Server gets, before each try."""
        path = require(command.words[0])
        old = self.servers.pop(key, None)
        if old and old.in_the_way:
            old.stop()
            until(lambda: not old.in_the_way, SETTLING)  # the system takes its sockets a moment after it has ended
        if old:
            old.release()
        try:
            for server in self._tries(command, name, port, make):
                # What has ended by itself may have left something behind. To look for it need not hold up the start.
                if self._starts(server, path, timeout, port, meanwhile=old.stop if old else None):
                    self.servers[key] = server
                    return server
        finally:
            if old:
                old.stop()
        raise server.fault(
            f"{command.name} found every port taken. Does it listen where the bench tells it to? Its last words:",
            f"{command.name} 프로그램이 시도한 포트가 모두 사용 중입니다. 작업대가 정한 포트를 쓰는지 보세요. "
            "마지막 로그:",
        )

    def _tries(
        self, command: commands.Command, name: str | None, port: int | None, make: Callable[..., Server]
    ) -> Iterator[Server]:
        """The command's Server, for one port after the other."""
        for claim in self._places(command, port):
            chosen = claim.port if claim else port
            spots = {"{address}": f"{HOST}:{chosen}", "{host}": HOST, "{port}": str(chosen)}
            words, told = ([_fill(line, spots) for line in lines] for lines in (command.words, command.told))
            server = make(command.name, words, command.program, chosen, self.folder)
            server.name = name or server.name
            server.environment, server.unix = command.environment, server.unix or command.unix
            server.tls |= command.tls
            server.told += told
            server.claims += [claim] if claim else []
            yield server

    def _starts(
        self, server: Server, path: str, timeout: float, port: int | None, meanwhile: Callable[[], None] | None
    ) -> bool:
        """Starts the server and prints its command; False if somebody else takes the port meanwhile."""
        try:
            server.start(path, self._keeper.pid, timeout, asked=port is not None, meanwhile=meanwhile)
        except PortTaken:
            if port is None:
                return False
            raise server.taken() from None
        except BenchError as error:
            raise target.unwritten(error, self.folder, server.command) from None
        server.announce()
        return True

    def _places(self, command: commands.Command, port: int | None) -> Iterable[ports.Claim | None]:
        """Claims on the ports to try; None for a program that needs none, and for a port that another bench has."""
        if port is None and not (command.unix or command.nowhere):
            return islice(ports.claims(command.program.port), TRIES)
        with contextlib.suppress(ports.Claimed):  # the program will say so
            return [ports.Claim(port) if port else None]
        return [None]


def _fill(word: str, spots: dict[str, str]) -> str:
    """The word with each of the spots {host}, {port}, {address} replaced."""
    for spot, value in spots.items():
        word = word.replace(spot, value)
    return word


def _leave() -> None:
    """In a process that the notebook has forked: the bench is the kernel's, and the keeper is told whom it sees."""
    if (bench := Bench.current) is not None:
        Bench.current = None
        with contextlib.suppress(OSError):
            bench._keeper.stdin.write(b"%d\n" % os.getpid())
        bench._keeper.stdin.close()


os.register_at_fork(after_in_child=_leave)


def _keep_proxies_out() -> None:
    """Clients in this kernel reach the bench directly, whatever proxy the machine is set to use."""
    for name in ("NO_PROXY", "no_proxy"):
        others = [o for o in os.environ.get(name, "").split(",") if o and o not in (HOST, "localhost")]
        os.environ[name] = ",".join([*others, HOST, "localhost"])
