"""The bench: real programs stand on it, each started by the command one would type in a terminal."""

import errno
import os
import shlex
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from functools import partial
from itertools import islice
from pathlib import Path

from ..app import target
from ..errors import BenchError
from ..loopback import HOST
from ..wire.tap import Tap
from . import keeper
from .nginx import CellSite, FileSite, Nginx, Site
from .page import Page
from .ports import free_ports
from .programs import PROGRAMS, Program, require
from .server import PortTaken, Server

TRIES = 30  # a class that shares one machine may start this many servers at once


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
        self._keeper = subprocess.Popen(
            [sys.executable, "-I", keeper.__file__, str(self.folder)],
            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, process_group=0,
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
                "아직 벤치가 없습니다. bench = Bench()가 있는 셀을 먼저 실행하세요.",
            )
        return cls.current

    def run(self, command: str, *, name: str | None = None, port: int | None = None, timeout: float = 20.0) -> Server:
        """Runs a command and returns its Server once it answers; prints the exact command.

        The bench adds where to listen: the program's familiar port or the next free one, or just `port`.
        A command (or a `name`) that runs already is stopped first. Raises BenchError when the program is
        missing, ends, or does not answer within `timeout` seconds; it is stopped then (see `Server.stop`).
        """
        self._stands()
        words = self._words(command)
        if port is not None and not 0 < port < 65536:
            raise BenchError(
                f"{port} is no port: ports go from 1 to 65535.",
                f"{port}번 포트는 없습니다. 1부터 65535까지 쓸 수 있습니다.",
            )
        if words[0] == "nginx":
            return self._start_nginx(FileSite(self.folder, words, name), name or command, port, timeout)
        row = PROGRAMS.get(words[0], Program())
        if "{port}" not in command and "{address}" not in command:
            words += row.listen
        return self._start(words, row, name or command, port, timeout)

    def nginx(self, site: str, names: dict | None = None, *, name: str = "nginx", timeout: float = 20.0) -> Server:
        """Runs nginx with a site configuration in which `{{ }}` is filled in from `names`; its Server.

        `site` is what stands in a server block, in the http block, or a whole nginx.conf. Wherever it listens, it
        is moved to loopback. Raises BenchError with nginx's message and the line when nginx refuses it.
        """
        self._stands()
        return self._start_nginx(CellSite(self.folder, name, site, names or {}), name, None, timeout)

    def _start_nginx(self, site: Site, key: str, port: int | None, timeout: float) -> Nginx:
        """Runs nginx with a site that is moved to the port, or to a free one."""
        row = replace(PROGRAMS["nginx"], port=site.port, ready=site.ready)
        try:
            return self._start(site.words, row, key, port, timeout, make=partial(Nginx, site=site))
        except BenchError as error:
            raise site.refusal(error) from None

    def tap(self, upstream: Server, *, client: str = "client"):
        """A Tap in front of a server: send requests to its `url`, and it keeps every byte both ways.

        `client` names who will connect to it in diagrams ("nginx" for the hop behind nginx).
        """
        self._stands()
        if not isinstance(upstream, Server):
            raise BenchError(
                f"{upstream!r} is no server. A tap stands in front of what bench.run(…) or %%nginx gave: "
                "bench.tap(web).",
                f"{upstream!r} 값은 서버가 아닙니다. 도청기는 bench.run(…)이나 %%nginx로 시작한 서버 앞에 둡니다: "
                "bench.tap(web)",
            )
        if not upstream.running:
            raise upstream.gone()
        # Far from every port that a bench looks for a server on, so that no such look lands in a tap.
        for port in free_ports(upstream.port + (10_000 if upstream.port < 50_000 else -10_000)):
            try:
                tap = Tap(upstream, port, client)
            except OSError as error:
                if error.errno != errno.EADDRINUSE:
                    raise
                continue  # somebody else took the port between our look and now
            break
        self.taps.append(tap)
        return tap

    def page(self, site: Server, path: str = "/") -> Page:
        """A page of a site, as a frame below the cell. Raises BenchError when the path does not begin with "/"."""
        return Page(site, path)

    def load(self, name: str):
        """The object that `name` (such as "hello:app") names, from the file as it is now; no server."""
        self._stands()
        return target.load(self.folder, name)

    def close(self) -> None:
        """Ends everything the bench started and removes its folder."""
        for tap in self.taps:
            tap.close()
        self._keeper.stdin.close()
        self._keeper.wait()
        for server in self.servers.values():
            server.stop()
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

    def _words(self, command: str) -> list[str]:
        """The command's words, checked: its program is here and it leaves listening to the bench."""
        try:
            words = shlex.split(command)
        except ValueError as error:
            raise BenchError(
                f"The command cannot be split into words: {error}. Look at its quotes.",
                f"명령을 단어로 나눌 수 없습니다({error}). 따옴표를 확인하세요.",
            ) from None
        if not words:
            raise BenchError("The command is empty.", "명령이 비어 있습니다.")
        require(words[0])
        row = PROGRAMS.get(words[0])
        if row is None and "{port}" not in command and "{address}" not in command:
            raise BenchError(
                f"The bench does not know how {words[0]} is told its port: write {{port}} where it goes.",
                f"벤치는 {words[0]} 명령에 포트를 지정하는 방법을 모릅니다. 포트가 들어갈 자리에 {{port}}를 쓰세요.",
            )
        for word in words:
            if row and (word in row.own or word.split("=")[0] in row.own):
                raise BenchError(
                    f"Leave {word} out: the bench says where to listen. Ask for one port with port=8000.",
                    f"{word} 옵션은 빼세요. 주소는 벤치가 정합니다. 포트를 고르려면 port=8000처럼 지정하세요.",
                )
        for word in words[1:]:
            if words[0] in ("uvicorn", "daphne") and (kind := target.constant(self.folder, word)):
                # Both would start, and answer every request with 500.
                raise BenchError(
                    f"{word} is no application: it is a {kind}, which cannot be called. Name the app instead.",
                    f"{word} 값은 {kind} 타입이라 애플리케이션으로 호출할 수 없습니다. 앱의 이름을 쓰세요.",
                )
        return words

    def _start(self, words, row, key, port, timeout, make=Server) -> Server:
        """Starts a program on the wanted port, or on the first that nobody else takes meanwhile."""
        path = require(words[0])
        if key in self.servers:
            self.servers.pop(key).stop()
        deadline = time.monotonic() + timeout
        for candidate in [port] if port else islice(free_ports(row.port), TRIES):
            spots = {"{address}": f"{HOST}:{candidate}", "{host}": HOST, "{port}": str(candidate)}
            command = [_fill(word, spots) for word in words]
            server = make(words[0], command, row, candidate, self.folder)
            try:
                server.start(path, self._keeper.pid, deadline, asked=port is not None)
            except PortTaken:
                if port is None:
                    continue
                raise server.fault(
                    f"{server.address} is taken. Leave port= out, and the bench finds a free port.",
                    f"{server.address} 주소는 이미 사용 중입니다. port=를 빼면 벤치가 빈 포트를 찾습니다.",
                ) from None
            except BenchError as error:
                raise target.unwritten(error, self.folder, words) from None
            print("$", shlex.join(command))
            for line in server.told:
                print(line)
            self.servers[key] = server
            return server
        raise server.fault(
            f"{words[0]} found every port taken. Does it listen where the bench tells it to? Its last words:",
            f"{words[0]} 프로그램이 시도한 포트가 모두 사용 중입니다. 벤치가 정한 포트를 쓰는지 보세요. 마지막 로그:",
        )


def _fill(word: str, spots: dict[str, str]) -> str:
    """The word with each of the spots {host}, {port}, {address} replaced."""
    for spot, value in spots.items():
        word = word.replace(spot, value)
    return word


def _keep_proxies_out() -> None:
    """Clients in this kernel reach the bench directly, whatever proxy the machine is set to use."""
    for name in ("NO_PROXY", "no_proxy"):
        others = [o for o in os.environ.get(name, "").split(",") if o and o not in (HOST, "localhost")]
        os.environ[name] = ",".join([*others, HOST, "localhost"])
