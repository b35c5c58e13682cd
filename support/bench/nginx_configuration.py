"""An nginx configuration, read with its includes and moved to loopback, each line where it stood.

How the parts play together:

    Configuration.read   walks the statements of a text into every include, opens a Block for each block, and
                         notes in each File what is to change (see nginx_statements)
    Configuration.move   says where each Listen goes, and adds what a Block lacks to stay on the bench
    Configuration.write  puts the changed copies into one folder, under the line numbers of the originals

nginx reads these copies, and the few files in etc_nginx/, and no other: whatever becomes of an original or of
a glob meanwhile, nothing that was not moved is ever read.
"""

import errno
import glob
import grp
import ipaddress
import os
import pwd
import re
import socket
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from ..errors import BenchError
from ..loopback import HOST
from .certificates import certificate
from .nginx_statements import File, Statement, quoted, statements

STANDARD = Path(__file__).parent / "etc_nginx"  # what distributions of nginx bring along
DEEPEST = 20  # includes inside each other, before we say that a file includes itself
VALUES = {"map", "geo", "types", "split_clients", "charset_map"}  # blocks that hold values, not directives
TEMPORARY = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
# Files that nginx looks for beside nginx.conf, where the copy does not lie.
BESIDE_CONF = re.compile(
    r"(\w+_)?ssl_(client_certificate|trusted_certificate|certificate|certificate_key|dhparam|crl|password_file"
    r"|stapling_file|session_ticket_key)|auth_basic_user_file|auth_jwt_key_file|js_import|js_path"
)
ADDRESS = re.compile(r"(?:(?P<host>\[[\da-fA-F:.]+\]|[\w.*-]+):)?(?P<port>\d+)|(?P<alone>\[[\da-fA-F:.]+\]|[\w.*-]+)")
SPECIAL = re.compile(r"\w+:|.*\$")  # `engine:…`, `data:…`, `$variable`: no name of a file
RANGE = re.compile(r"\d+-\d+")


@dataclass
class Block:
    """A block and what stands in it; `file` is None where the bench's own frame holds it."""

    name: str
    parent: "Block | None" = None
    file: File | None = None
    inside: int = 0  # the place right behind its "{"
    names: set[str] = field(default_factory=set)  # of the directives in it
    listens: list["Listen"] = field(default_factory=list)
    certificates: list[tuple[File, Statement]] = field(default_factory=list)

    def knows(self, name: str) -> bool:
        """True if the directive stands in it, or in a block around it, which hands it down."""
        return name in self.names or (self.parent is not None and self.parent.knows(name))


class Listen:
    """One `listen`, or the one that nginx adds where there is none. Raises ValueError for no single address.

    `key` is the same for all that stand for one address, `exact` tells IPv4 and IPv6 apart.
    """

    def __init__(self, block: Block, file: File | None = None, statement: Statement | None = None) -> None:
        self.block, self.file, self.statement = block, file, statement
        values = [word.text for word in statement.values] if statement else ["80"]
        self.address, self.options = values[0], values[1:]
        self.udp, self.tls = "udp" in self.options, "ssl" in self.options
        self.unix = self.address.removeprefix("unix:") if self.address.startswith("unix:") else None
        if self.unix is None:
            host, self.port = self._host_and_port()
            self.exact = f"{host}:{self.port}"
            self.key = f"{_one_for_both_families(host)}:{self.port}"

    def __str__(self) -> str:
        return str(self.statement or "listen *:80")  # what nginx takes where nothing is said

    @property
    def http(self) -> bool:
        """True if it is HTTP that is spoken there."""
        return self.block.parent is not None and self.block.parent.name == "http"

    def doubles_another(self) -> bool:
        """True if it is the IPv6 side of a port whose IPv4 side the server has already, or the other way round."""
        others = self.block.listens[: self.block.listens.index(self)]
        return any(
            other.unix is None and (other.key, other.udp) == (self.key, self.udp) and other.exact != self.exact
            for other in others
        )

    def _host_and_port(self) -> tuple[str, int]:
        found = ADDRESS.fullmatch(self.address)
        port = int(found["port"] or 80) if found and not RANGE.fullmatch(self.address) else 0
        if not 0 < port < 65536:
            raise ValueError(self.address)
        return (found["host"] or found["alone"] or "*").strip("[]").lower(), port


def _one_for_both_families(host: str) -> str:
    """The host, or the IPv4 name of what an IPv6 one stands for: everything, or this machine."""
    if host == "localhost":
        return HOST
    with suppress(ValueError):
        address = ipaddress.ip_address(host)
        if address.is_unspecified:
            return "*"
        if address == ipaddress.ip_address("::1"):
            return HOST
    return host


class Configuration:
    """One configuration on its way to loopback.

    `folder` is the bench's, where nginx works. Names are looked for in `base`, and what nginx writes lies below
    `prefix`, as nginx has it; the copies go to `state`, a folder in the bench's. Where it listens at `filled_in`,
    the bench has said so itself: that is the main `listen`, and nothing to tell. After `move`, `told` has a line
    for each change, `ports` the port of each address, and `frame` what its blocks without a file are to hold.
    """

    def __init__(self, folder: Path, base: Path, prefix: Path, state: Path, filled_in: str = "") -> None:
        self.folder, self.base, self.prefix, self.state = folder, base, prefix, state
        self.filled_in = filled_in
        self.files: list[File] = []
        self.blocks: list[Block] = []
        self.told: list[str] = []
        self.ports: dict[str, int] = {}
        self.frame: dict[str, list[str]] = {}

    def open(self, name: str, parent: Block | None = None, file: File | None = None, inside: int = 0) -> Block:
        """A new block of that name."""
        block = Block(name, parent, file, inside)
        self.blocks.append(block)
        return block

    # Reading: one walk over every file, in nginx's order.

    def read(self, text: str, source: str, target: str, block: Block, depth: int = 0) -> File:
        """Reads a text that stands in the block, and all that it includes. Raises BenchError if a file is missing."""
        file = File(text, source, target)
        self.files.append(file)
        within = [block]
        for statement in statements(text):
            if statement.words:
                within[-1].names.add(statement.name)
                if statement.values:
                    self._take(file, statement, within[-1], depth)
            if statement.end == "{":
                name = statement.name if statement.words else ""
                within.append(self.open(name, within[-1], file, statement.stop))
            elif statement.end == "}" and len(within) > 1:
                within.pop()
        return file

    def _take(self, file: File, statement: Statement, block: Block, depth: int) -> None:
        """Notes what is to change in a statement."""
        name = statement.name
        if name == "include":
            self._include(file, statement, block, depth)
        elif block.name in VALUES:
            return
        elif name == "listen":
            self._listen(file, statement, block)
        elif name in ("ssl_certificate", "ssl_certificate_key"):
            block.certificates.append((file, statement))
        elif name in ("error_log", "access_log"):
            self._log(file, statement)
        elif name == "lock_file" or name.endswith(("_temp_path", "_cache_path")):
            self._written(file, statement)
        elif BESIDE_CONF.fullmatch(name):
            self._beside(file, statement)
        elif block.name == "main":
            self._whole_program(file, statement)

    def _include(self, file: File, statement: Statement, block: Block, depth: int) -> None:
        """Reads what is included, and includes the copies in its place."""
        name = statement.values[0].text
        if depth == DEEPEST:
            raise self._fault(
                file, statement,
                "includes a file that includes itself. Leave one of the two includes out.",
                "에서 include하는 파일이 자기 자신을 다시 include합니다. 둘 중 하나를 빼세요.",
            )  # fmt: skip
        paths = [self.base / name]
        if re.search(r"[*?[]", name):
            paths = [path for path in map(Path, sorted(glob.glob(str(self.base / name)))) if path.parent != self.state]
        copies = [self._included(path, file, statement, block, depth) for path in paths]
        file.replace(statement, " ".join(f"include {quoted(copy)};" for copy in copies))

    def _included(self, path: Path, file: File, statement: Statement, block: Block, depth: int) -> str:
        """The name of a file's copy, or the path of one that every nginx brings along."""
        if not path.exists() and (STANDARD / path.name).exists():
            return str(STANDARD / path.name)
        source = os.path.relpath(path, self.folder) if self._on_bench(path) else str(path)
        try:
            text = read_text(path)
        except OSError as error:
            why, why_ko = unreadable(error)
            raise self._fault(
                file, statement,
                f"includes {source}, which {why}. Write it first, or mend its name.",
                f"에서 include하는 {source} {why_ko}. 파일을 먼저 만들거나 이름을 고치세요.",
            ) from None  # fmt: skip
        return self.read(text, source, f"{len(self.files)}-{path.name}", block, depth + 1).target

    def _listen(self, file: File, statement: Statement, block: Block) -> None:
        try:
            block.listens.append(Listen(block, file, statement))
        except ValueError:
            raise self._fault(
                file, statement,
                "listens where the bench cannot determine a single port. Write a number, as in listen 8080; (nginx "
                "knows no "
                "variables there, and the bench moves no ranges).",
                "에 쓴 listen만으로는 작업대가 포트를 하나로 정할 수 없습니다. listen 8080;처럼 숫자를 쓰세요. "
                "nginx는 listen에 쓴 변수를 해석하지 않고, 작업대는 포트 범위를 옮기지 않습니다.",
            ) from None  # fmt: skip

    def _log(self, file: File, statement: Statement) -> None:
        """A log outside the bench's folder goes where `log()` finds it, line by line as it is written."""
        name, *options = statement.values
        if name.text in ("off", "stderr") or name.text.startswith(("syslog:", "memory:", "/dev/")):
            return
        if self._may_write(name.text):
            return
        new = "stderr" if statement.name == "error_log" else "/dev/stderr"
        file.put(name, new)
        for option in options:
            if option.text.startswith(("buffer=", "gzip", "flush=")):
                file.put(option, "")
        self._tell(f"{statement.name} {name.text}", new)

    def _written(self, file: File, statement: Statement) -> None:
        """What would be written outside the bench's folder is written below `state`."""
        name = statement.values[0]
        if name.text == "off" or self._may_write(name.text):
            return
        path = self.state / name.text.lstrip("/")
        path.parent.mkdir(parents=True, exist_ok=True)
        file.put(name, quoted(self._below_prefix(path)))
        self._tell(f"{statement.name} {name.text}", os.path.relpath(path, self.folder))

    def _beside(self, file: File, statement: Statement) -> None:
        """Names that are looked for beside nginx.conf are still looked for beside the original."""
        for word in statement.values:
            path = self.base / word.text
            if word.text and not SPECIAL.match(word.text) and (path.exists() or len(statement.values) == 1):
                file.put(word, quoted(str(path)))

    def _whole_program(self, file: File, statement: Statement) -> None:
        """What concerns the whole program: the bench runs it in the foreground, as somebody it can be."""
        name, values = statement.name, [word.text for word in statement.values]
        if name == "worker_processes" and values == ["auto"]:
            file.put(statement.values[0], "1")
            self._tell(str(statement), "1")
        elif name == "daemon":
            file.replace(statement)
            if values != ["off"]:
                self._tell(str(statement), "off")
        elif name == "pid":
            file.replace(statement)  # two of a name would hide each other from `nginx -s reload`
            self._tell(str(statement), os.path.relpath(self.state / "nginx.pid", self.folder))
        elif (name == "user" and not _can_be(*values)) or (
            # Built in; or it is needed, and nginx tells which directive it does not know.
            name == "load_module" and not (self.prefix / values[0]).exists()
        ):
            file.replace(statement)
            self._tell(str(statement), "–")

    def _may_write(self, name: str) -> bool:
        """True if the path is in the bench's folder; its own folder exists then."""
        path = self.prefix / name
        if not self._on_bench(path):
            return False
        if "$" not in str(path.parent):
            path.parent.mkdir(parents=True, exist_ok=True)
        return True

    def _on_bench(self, path: Path) -> bool:
        return Path(os.path.normpath(path)).is_relative_to(self.folder)

    def _below_prefix(self, path: Path) -> str:
        return os.path.relpath(path, self.prefix)

    def _fault(self, file: File, statement: Statement, en: str, ko: str) -> BenchError:
        number = file.number(statement.start)
        return BenchError(
            f"Line {number} of {file.source or 'this configuration'} {en}",
            f"{file.source or '이 설정'}의 {number}번째 줄{ko}",
            f"{number}: {file.line(number)}",
        )

    def _tell(self, old: str, new: str) -> None:
        if (line := f"{old} → {new}") not in self.told:
            self.told.append(line)

    # Moving: once everything has been read.

    @cached_property
    def listens(self) -> list[Listen]:
        """Every `listen`, and those that nginx adds to HTTP servers without one."""
        for block in self.blocks:
            if block.name == "server" and block.parent.name == "http" and not block.listens:
                block.listens.append(Listen(block))
        return [listen for block in self.blocks for listen in block.listens]

    @property
    def main_listen(self) -> Listen | None:
        """The one to which the server's address leads: what `{{ listen }}` made, else HTTP, without TLS, on port 80.

        Of equals it is the first; where nothing is as wanted, what comes nearest.

        None where nothing listens over TCP.
        """
        over_tcp = [listen for listen in self.listens if listen.unix is None and not listen.udp]
        ranks = {
            id(listen): (listen.address != self.filled_in, not listen.http, self.speaks_tls(listen), listen.port != 80)
            for listen in over_tcp
        }
        return min(over_tcp, key=lambda listen: ranks[id(listen)], default=None)

    def speaks_tls(self, listen: Listen) -> bool:
        """True if its address speaks TLS, which one `listen … ssl` decides for all."""
        return any(other.tls and other.key == listen.key for other in self.listens if other.unix is None)

    def move(self, port: int, others: Callable[[Listen], Iterator[int]]) -> None:
        """Moves the main `listen` to the port, and every other address to one of its own that `others` offers."""
        if main := self.main_listen:
            self.ports[main.key] = port
        for listen in self.listens:
            if listen.unix is None and listen.key not in self.ports:
                taken = self.ports.values()
                self.ports[listen.key] = next(port for port in others(listen) if port not in taken)
        defaults: dict[str, str] = {}
        for listen in self.listens:
            if listen.unix is not None:
                self._move_unix(listen)
            elif listen.statement:
                self._move(listen, defaults)
        for block in self.blocks:
            self._complete(block)

    def _move(self, listen: Listen, defaults: dict[str, str]) -> None:
        """Writes the new address in the place of the old; `defaults` knows whose `default_server` an address has."""
        file, (address, *options) = listen.file, listen.statement.values
        new = f"{HOST}:{self.ports[listen.key]}"
        changed = address.text != self.filled_in
        if listen.doubles_another():
            file.replace(listen.statement)  # IPv4 and IPv6 of one port: one address is enough
        else:
            file.put(address, new)
            for option in options:
                second = option.text == "default_server" and defaults.setdefault(new, listen.exact) != listen.exact
                # With reuseport somebody else could have the port too, and take requests from this server.
                if second or option.text == "reuseport" or option.text.startswith("ipv6only="):
                    file.put(option, "")
                    changed = True
        if changed:
            self._tell(str(listen), new)

    def _move_unix(self, listen: Listen) -> None:
        """A socket outside the bench's folder goes into it. One that a server left behind is removed."""
        path = self.folder / self.socket_name(listen)
        path.parent.mkdir(parents=True, exist_ok=True)
        _remove_if_dead(path)
        if not self._on_bench(self.folder / listen.unix):
            listen.file.put(listen.statement.values[0], quoted(f"unix:{path.name}"))
            self._tell(str(listen), f"unix:{path.name}")

    def socket_name(self, listen: Listen) -> str:
        """Where its unix socket is, seen from the bench's folder, in which nginx works."""
        path = self.folder / listen.unix
        return os.path.relpath(path, self.folder) if self._on_bench(path) else path.name

    def _complete(self, block: Block) -> None:
        """Adds what a block lacks, behind its "{", or to the frame."""
        self._replace_certificates(block)
        missing = {
            "main": self._missing_in_main,
            "http": self._missing_in_http,
            "server": self._missing_in_server,
        }.get(block.name)
        lines = missing(block) if missing else []
        if not block.file:
            self.frame[block.name] = lines
        elif lines:
            block.file.edits.append((block.inside, block.inside, " " + " ".join(lines)))

    def _missing_in_main(self, block: Block) -> list[str]:
        lines = ["daemon off;", f"pid {quoted(self._below_prefix(self.state / 'nginx.pid'))};"]
        return lines if "error_log" in block.names else [*lines, "error_log stderr;"]

    def _missing_in_http(self, block: Block) -> list[str]:
        files = {"access_log": "/dev/stderr"}
        files |= {f"{what}_temp_path": quoted(self._below_prefix(self.state / what)) for what in TEMPORARY}
        return [f"{name} {value};" for name, value in files.items() if name not in block.names]

    def _missing_in_server(self, block: Block) -> list[str]:
        return self._missing_listen(block) + self._missing_certificate(block)

    def _missing_listen(self, block: Block) -> list[str]:
        """The `listen` that nginx would add by itself, on every address of the machine."""
        added = [listen for listen in block.listens if listen.statement is None]
        new = [f"{HOST}:{self.ports[listen.key]}" for listen in added]
        if added and block.file:
            self._tell(str(added[0]), new[0])
        return [f"listen {address};" for address in new]

    def _missing_certificate(self, block: Block) -> list[str]:
        """The bench's certificate, for TLS that has none."""
        secure = any(listen.tls or (listen.unix is None and self.speaks_tls(listen)) for listen in block.listens)
        if not secure or block.knows("ssl_certificate") or block.knows("ssl_reject_handshake"):
            return []
        paths = self._our_certificate()
        for name, path in paths.items():
            self._tell(name, os.path.relpath(path, self.folder))
        return [f"{name} {quoted(str(path))};" for name, path in paths.items()]

    def _replace_certificates(self, block: Block) -> None:
        """The bench's certificate, in the place of one that this machine has not (/etc/letsencrypt/…)."""
        missing = any(self._elsewhere(statement.values[0].text) for _, statement in block.certificates)
        for file, statement in block.certificates:
            if not missing:
                self._beside(file, statement)
                continue
            path = self._our_certificate()[statement.name]
            file.put(statement.values[0], quoted(str(path)))
            self._tell(str(statement), os.path.relpath(path, self.folder))

    def _our_certificate(self) -> dict[str, Path]:
        made = certificate(self.folder)
        return {"ssl_certificate": made.cert, "ssl_certificate_key": made.key}

    def _elsewhere(self, name: str) -> bool:
        """True for a file outside the bench's folder that cannot be read here."""
        path = self.base / name
        return not (SPECIAL.match(name) or self._on_bench(path) or os.access(path, os.R_OK))

    # Writing

    def write(self) -> None:
        """Puts the copies into `state`."""
        self.state.mkdir(parents=True, exist_ok=True)
        for file in self.files:
            put(self.state / file.target, file.changed)


def read_text(path: Path) -> str:
    """The file's text, whatever bytes are in it. Raises OSError."""
    return path.read_text(encoding="utf-8", errors="surrogateescape")


def put(path: Path, text: str) -> None:
    """Writes a file over what it held before: to empty it first takes ext4 a hundred times as long."""
    data = text.encode("utf-8", errors="surrogateescape")
    with open(os.open(path, os.O_WRONLY | os.O_CREAT, 0o644), "wb", buffering=0) as file:
        file.write(data)
        file.truncate(len(data))


def unreadable(error: OSError) -> tuple[str, str]:
    """Why a file is not read: what follows its name, in English and in Korean."""
    if isinstance(error, FileNotFoundError):
        return "is not there", "파일이 없습니다"
    return f"cannot be read (errno {error.errno})", f"파일을 읽을 수 없습니다(errno {error.errno})"


def _can_be(user: str, group: str = "", *_: str) -> bool:
    """True if nginx can work as that user: root started it, and this machine knows the names."""
    try:
        return os.geteuid() == 0 and bool(pwd.getpwnam(user) and grp.getgrnam(group or user))
    except KeyError:
        return False


def _remove_if_dead(path: Path) -> None:
    """Removes a socket on which nobody listens any more: nginx would find its address in use."""
    with socket.socket(socket.AF_UNIX) as client, suppress(OSError):
        if path.is_socket() and client.connect_ex(os.path.relpath(path)) == errno.ECONNREFUSED:
            path.unlink()
