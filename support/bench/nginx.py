"""nginx on the bench: a %%nginx cell, or a configuration that a command names, served by a real nginx.

A Site is where a configuration comes from. It is read and moved to loopback (see nginx_configuration) each time
before an nginx is told to read it: at its start, and when it is to reload.
"""

import getopt
import os
import re
import subprocess
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path

import psutil

from ..app import target
from ..errors import BenchError, Said
from ..loopback import HOST
from ..waiting import until
from .nginx_configuration import Configuration, Listen, put, read_text, unreadable
from .nginx_statements import File, top_level
from .ports import claims
from .programs import PROGRAMS, Program, answers, listens, require
from .server import Server

FRAME = Path(__file__).parent / "nginx.conf.jinja"
HTTPS_PORT = 8443  # the familiar stand-in for 443, as 8080 is for 80
EMERGENCY = re.compile(r"\[emerg\] (?:\d+#\d+: )?(.*) in (.*):(\d+)$", re.MULTILINE)
LISTEN = re.compile(r"\{\{-?\s*listen\b")
FLAGS = "tTqvVh?"  # options of nginx that take no value
WHOLE = {"http {", "events {", "stream {", "mail {", "worker_processes", "daemon", "pid", "user", "load_module"}


class Site(ABC):
    """A configuration to be served from the bench's `folder`, and the command that serves it.

    `port` is the familiar one to begin with, `unix` the socket of a site that listens on nothing else, and
    `ready` tells whether a server serves it.
    """

    def __init__(self, folder: Path, state: Path, words: list[str]) -> None:
        self.folder, self.state, self.words = folder, state, words
        self.files: list[File] = []
        familiar = f"{HOST}:{PROGRAMS['nginx'].port}"
        self._read_for = familiar, self.read(familiar)  # the first write can often use what this has read
        configuration = self._read_for[1]
        main = configuration.main_listen
        self.port = self.familiar(main) if main else PROGRAMS["nginx"].port
        sockets = [configuration.socket_name(listen) for listen in configuration.listens if listen.unix]
        self.unix = Path(sockets[0]) if sockets and not main else None
        # What is said first in a stream is its own business, and a knock might be passed on.
        self.ready = answers if self.unix or (main and main.http) else listens

    @abstractmethod
    def read(self, listen: str) -> Configuration:
        """The configuration as it is now; `listen` is what `{{ listen }}` stands for. Raises BenchError."""

    def write(self, port: int | None, others: Callable[[Listen], Iterator[int]]) -> Configuration:
        """Reads the configuration, moves its main `listen` to the port, the `others` elsewhere, and writes it."""
        listen = f"{HOST}:{port}"
        read_for, configuration = self._read_for
        self._read_for = "", None
        if read_for != listen:
            configuration = self.read(listen)
        configuration.move(port, others)
        configuration.write()
        put(self.state / "nginx.conf", self.frame(configuration))
        self.files = configuration.files
        return configuration

    def frame(self, configuration: Configuration, kind: str = "main") -> str:
        """The text of nginx.conf, which includes the site."""
        return _template(_frame(), trim_blocks=True).render(configuration.frame, kind=kind)

    def familiar(self, listen: Listen) -> int:
        """Where a port that only root may open is expected on the bench; any other is as good as it is."""
        if listen.port >= 1024:
            return listen.port
        return HTTPS_PORT if listen.port == 443 else PROGRAMS["nginx"].port

    def refusal(self, error: BenchError) -> BenchError:
        """The error with the line that nginx's message names, as the learner wrote it; else as it was."""
        found = EMERGENCY.search(error.evidence)
        named = found and next((file for file in self.files if file.target == Path(found[2]).name), None)
        if not named:
            return error
        number = int(found[3])
        where, where_ko = self.place(named, number)
        return BenchError(
            f"nginx refuses line {number} of {where}. Mend it and run the cell again.",
            f"nginx가 {where_ko}의 {number}번째 줄을 거부했습니다. 고친 뒤 셀을 다시 실행하세요.",
            f"{number}: {named.line(number)}\nnginx: [emerg] {found[1].replace(f'{self.folder}/', '')}",
        )

    def place(self, file: File, number: int) -> tuple[str, str]:
        """What a file is called in English and in Korean."""
        return file.source, file.source


class CellSite(Site):
    """What stands in a server block; with a `server { }`, what stands in http; with `http { }` and the like, all of it.

    `{{ }}` is filled in from `names`. Written to the folder `key` as site.conf, nginx.conf around it.
    """

    def __init__(self, folder: Path, key: str, text: str, names: dict) -> None:
        self.text, self.names = text, names
        words = ["nginx", "-p", ".", "-c", f"{key}/nginx.conf", "-e", "stderr"]
        super().__init__(folder, folder / key, words)

    def read(self, listen: str) -> Configuration:
        filled = self._filled(listen)
        top = top_level(filled)
        self.kind = "main" if top & WHOLE else "http" if "server {" in top else "server"
        filled_in = listen if LISTEN.search(self.text) else ""
        configuration = Configuration(self.folder, self.folder, self.folder, self.state, filled_in)
        block = configuration.open("main")
        for name in {"main": (), "http": ("http",), "server": ("http", "server")}[self.kind]:
            block = configuration.open(name, block)
        configuration.read(filled, "", "site.conf", block)
        return configuration

    def frame(self, configuration: Configuration, kind: str = "") -> str:
        if "events" not in configuration.blocks[0].names:
            configuration.frame["main"].append("events {}")
        return super().frame(configuration, self.kind)

    def _filled(self, listen: str) -> str:
        """The text with `{{ }}` filled in. Raises BenchError for names that are not there yet, or not written right."""
        from jinja2 import TemplateError, UndefinedError

        try:
            return _template(self.text).render(self.names, listen=listen)
        except UndefinedError as error:
            unborn = error.message.endswith("is undefined")
            raise BenchError(
                f"The configuration uses {{{{ }}}} with something that is not there: {error.message}. "
                + ("Run the cell that makes it first." if unborn else "Look at the spelling."),
                f"설정의 {{{{ }}}} 안에 쓴 값을 찾을 수 없습니다({error.message}). "
                + ("그 값을 만드는 셀을 먼저 실행하세요." if unborn else "철자를 확인하세요."),
            ) from None
        except TemplateError as error:
            raise BenchError(
                f"A {{{{ }}}} in the configuration is not written right: {error.message}",
                f"설정의 {{{{ }}}} 표기가 올바르지 않습니다: {error.message}",
            ) from None

    def place(self, file: File, number: int) -> tuple[str, str]:
        if file.source:
            return super().place(file, number)
        written = "".join(self.text.split("\n")[number - 1 : number]).strip()
        # A loop in the cell has more or fewer lines than what comes of it.
        same = file.line(number) == written or ("{{" in written and file.text.count("\n") == self.text.count("\n"))
        if same:
            return "this configuration", "이 설정"
        path = f"{self.state.name}/site.conf"
        return f"this configuration, as written to {path}", f"이 설정({path})"


class FileSite(Site):
    """A configuration that the words of a command name, `nginx -p . -c my.conf` for example.

    Its copy is written below .bench, under `name` or its own, and that is what nginx is given to read. Raises
    BenchError for a command that nginx could not run, or that would run none.
    """

    def __init__(self, folder: Path, words: list[str], name: str | None = None) -> None:
        options, flags = _options(words)
        self.prefix = folder / options.get("-p", ".")
        self.path = Path(os.path.normpath(self.prefix / options.get("-c", "nginx.conf")))
        self.globals = options.get("-g", "")
        state = folder / ".bench" / re.sub(r"[^\w.-]+", "-", name or self.path.name)
        nginx_conf = os.path.relpath(state / "nginx.conf", self.prefix)
        words = [words[0], "-p", options.get("-p", "."), "-c", nginx_conf, "-e", "stderr", *flags]
        super().__init__(folder, state, words)

    def read(self, listen: str) -> Configuration:
        configuration = Configuration(self.folder, self.path.parent, self.prefix, self.state)
        source = os.path.relpath(self.path, self.folder)
        source = str(self.path) if source.startswith("..") else source
        try:
            text = read_text(self.path)
        except OSError as error:
            why, why_ko = unreadable(error)
            raise BenchError(
                f"nginx is to read {source}, which {why}. Write it first, or name another with -c.",
                f"nginx가 읽을 {source} {why_ko}. 파일을 먼저 만들거나 -c로 다른 파일을 지정하세요.",
            ) from None
        main = configuration.open("main")
        if self.globals:
            configuration.read(self.globals, "-g", "globals.conf", main)
        configuration.read(text, source, "site.conf", main)
        return configuration

    def frame(self, configuration: Configuration, kind: str = "main") -> str:
        if self.globals:
            configuration.frame["main"].append("include globals.conf;")
        return super().frame(configuration, kind)


def _options(words: list[str]) -> tuple[dict[str, str], list[str]]:
    """What an nginx command says by the options that take a value, and its other words."""
    try:
        pairs, rest = getopt.getopt(words[1:], f"p:c:e:g:s:{FLAGS}")
    except getopt.GetoptError as error:
        raise BenchError(
            f"nginx does not take this command: {error.msg}.", f"nginx가 받지 않는 명령입니다({error.msg})."
        ) from None
    options = dict(pairs)
    if "-s" in options:
        raise BenchError(
            "nginx -s speaks to an nginx that is already running. Write nginx.reload() or nginx.stop() instead.",
            "nginx -s는 이미 실행 중인 nginx에 신호를 보내는 명령입니다. nginx.reload()나 nginx.stop()을 쓰세요.",
        )
    return options, [option for option, _ in pairs if option[1] in FLAGS] + rest


class Nginx(Server):
    """An nginx on the bench; `site` is where its configuration comes from.

    `ports` has the port of every address that the configuration listens on, as `*:80`, `example.org:443`.
    """

    def __init__(
        self, name: str, command: list[str], program: Program, port: int | None, folder: Path, site: Site
    ) -> None:
        super().__init__(name, command, program, port, folder)
        self.site = site
        self.ports: dict[str, int] = {}
        self._files: list[File] = []  # by which it runs

    def write(self) -> None:
        """Reads the configuration as it is now, and writes what nginx is to read."""
        configuration = self.site.write(self.port, self._others)
        main = configuration.main_listen
        self.tls = main is not None and configuration.speaks_tls(main)
        self.ports, self.told, self._files = configuration.ports, configuration.told, configuration.files

    def _others(self, listen: Listen) -> Iterator[int]:
        """The ports that a further address may have: the one it has already, else the next free ones."""
        if listen.key in self.ports:
            yield self.ports[listen.key]
        for claim in claims(self.site.familiar(listen)):
            self.claims.append(claim)
            yield claim.port

    def stale(self) -> Said | None:
        """What to say when a file of the configuration holds something else than nginx runs by; None if none does."""
        texts = {
            self.folder / file.source: file.text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
            for file in self._files
            if file.source and (self.folder / file.source).is_relative_to(self.folder)
        }
        return target.stale(self.folder, texts, self.shown)

    def reload(self, site: str | None = None, timeout: float = 20.0) -> None:
        """Reads the configuration again, or the new text of a cell, and returns once new workers serve it.

        Workers that still have connections go on with them, under the old configuration. Raises BenchError
        when nginx refuses the new one; the old one is served on.
        """
        before, files = getattr(self.site, "text", None), self._files
        if site is not None and before is None:
            raise BenchError(
                "This nginx reads its configuration from a file: write the file, then reload() without a text.",
                "이 nginx는 파일에서 설정을 읽습니다. 파일을 고친 뒤 인자 없이 reload()를 호출하세요.",
            )
        if site is not None:
            self.site.text = site
        try:
            self._reload(timeout)
        except BenchError as error:
            self._files = files
            if site is not None:
                self.site.text = before
            raise self.site.refusal(error) from None

    def _reload(self, timeout: float) -> None:
        if not self.running:
            raise self.gone()
        self.write()
        old, logged = self._workers(), len(self._read_log())
        words = [*self.command, "-s", "reload"]
        asked = subprocess.run(
            [require("nginx"), *words[1:]],
            cwd=self.folder, env=self._variables(), stdin=subprocess.DEVNULL, capture_output=True, text=True,
        )  # fmt: skip
        if asked.returncode:
            raise BenchError(
                "nginx cannot read this configuration; the old one is still in use.",
                "nginx가 이 설정을 읽지 못해 이전 설정으로 계속 동작합니다.",
                asked.stderr,
            )
        until(lambda: self._renewed(old) or "[emerg]" in self._read_log()[logged:], timeout)
        if not self._renewed(old):
            raise self.fault(
                "nginx has no new workers; the old configuration is still in use. Its last words:",
                "nginx의 새 worker가 뜨지 않아 이전 설정으로 계속 동작합니다. 마지막 로그:",
            )
        print("$", self.shown, "-s reload")
        for line in self.told:
            print(line)

    def _workers(self) -> dict[int, str]:
        """The processes of the master that are not about to end, with their titles."""
        found = {}
        for process in psutil.Process(self.process.pid).children():
            with suppress(psutil.Error):  # it has just ended
                title = " ".join(process.cmdline())
                if title and "shutting down" not in title:
                    found[process.pid] = title
        return found

    def _renewed(self, old: dict[int, str]) -> bool:
        """True once other workers have taken the place of all the old ones."""
        now = self._workers()
        return bool(now or not old) and not old.keys() & now.keys()


@cache
def _frame() -> str:
    return FRAME.read_text(encoding="utf-8")


@cache
def _template(text: str, **options):
    """The Jinja template, compiled. To compile one takes a tenth of what nginx takes to start, so each is kept."""
    from jinja2 import Environment, StrictUndefined

    environment = Environment(undefined=StrictUndefined, keep_trailing_newline=True, autoescape=False, **options)
    return environment.from_string(text)
