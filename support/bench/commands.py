"""A command line, read before it runs: whose it is, what its environment is, and where it will listen.

A program listens where the bench says, on loopback, or on a unix socket that the command names. What would have it
listen elsewhere, in the command, in its environment or in the program's configuration file, is refused or moved.
"""

import ast
import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ..errors import BenchError
from . import programs
from .programs import Program

SPOTS = ("{host}", "{port}", "{address}")
VARIABLE = r"[A-Za-z_]\w*="
PLACES = r"([\w.\[\]:-]*:)?\d+"  # 8000, 0.0.0.0:8000, [::]:8000


@dataclass
class Command:
    """What runs: `words`, in which the spots are still to be filled in, with `environment` set before them.

    It listens on the `unix` socket (a path seen from the bench's folder), on a port (neither that nor `nowhere`), or
    not at all; and speaks `tls` there. `told` says what was moved, a line each, in which there may be spots too.
    """

    words: list[str]
    environment: dict[str, str]
    name: str
    program: Program
    unix: Path | None = None
    nowhere: bool = False
    tls: bool = False
    told: list[str] = field(default_factory=list)


def read(text: str, folder: Path, listens: bool = True) -> Command:
    """The command in `text`, to be run in `folder`. Raises BenchError if it cannot run on the bench, and says why."""
    words, environment = _split(text)
    programs.require(words[0])
    name, program, rest = programs.row(words)
    if program is None and listens and not _has_spot(text):
        raise BenchError(
            f"The bench does not know how {words[0]} is told its port: write {{port}} where it goes, "
            "or say listens=False if it listens nowhere.",
            f"{words[0]} 명령에 포트를 지정하는 방법을 작업대가 모릅니다. 포트가 들어갈 자리에 {{port}}를 쓰세요. "
            "포트를 쓰지 않는 프로그램이면 listens=False를 지정하세요.",
        )
    command = Command(words, environment, name, program or Program(), nowhere=not listens)
    _read_environment(command)
    settings = _read_options(command, [*rest, *shlex.split(environment.get("GUNICORN_CMD_ARGS", ""))])
    _read_settings(command, folder, settings)
    if not (command.unix or command.nowhere or _has_spot(text, *command.words)):
        command.words += command.program.listen
    for option, value in command.program.defaults:
        if option not in rest:
            command.words += [option, value]
    return command


def _split(text: str) -> tuple[list[str], dict[str, str]]:
    """The words of a command, and the variables that are set before them (FOO=1, or env FOO=1)."""
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise BenchError(
            f"The command cannot be split into words: {error}. Look at its quotes.",
            f"명령을 단어로 나눌 수 없습니다({error}). 따옴표를 확인하세요.",
        ) from None
    environment = {}
    if words[0:1] == ["env"] and re.match(VARIABLE, " ".join(words[1:2])):
        del words[0]
    while words and re.match(VARIABLE, words[0]):
        name, _, value = words.pop(0).partition("=")
        environment[name] = value
    if not words:
        raise BenchError("The command is empty.", "명령이 비어 있습니다.")
    return words, environment


def _has_spot(*texts: str) -> bool:
    return any(spot in text for spot in SPOTS for text in texts)


def _read_environment(command: Command) -> None:
    """Refuses variables that say where to listen."""
    for name in command.program.variables:
        if name in command.environment:
            raise _refused(f"{name}={command.environment[name]}")


def _read_options(command: Command, words: list[str]) -> str:
    """Notes what the options say; the settings file that they name, else the one that is read unasked."""
    settings = command.program.settings
    for about, option, value in _options(words, command.program.options):
        if about == programs.TLS:
            command.tls = True
        elif about == programs.SETTINGS:
            settings = value
        elif about == programs.BACKGROUND and value != "no":
            raise _background(option)
        elif about == programs.PATH:
            command.unix = Path(value)
        elif about == programs.BIND and value.startswith("unix:"):
            command.unix = Path(value.removeprefix("unix:"))
        elif about == programs.ENDPOINT:
            _read_endpoint(command, option, value)
        elif about in (programs.PLACE, programs.BIND) and not _has_spot(value):
            raise _refused(option)
    return settings


def _options(words: list[str], options: Mapping[str, tuple[str, ...]]) -> Iterator[tuple[str, str, str]]:
    """The words that are known options: what each is about, the word itself, and its value (in it, or the next).

    argparse takes the beginning of a long option for all of it, so it is known by that too.
    """
    about = {option: subject for subject, several in options.items() for option in several}
    for before, word, following in zip(["", *words], words, [*words[1:], ""], strict=False):
        name, equals, value = word.partition("=")
        if word.startswith("--"):
            option = name if name in about else next((o for o in about if o.startswith(name) and len(name) > 3), None)
            if option:
                yield about[option], word, value if equals else following
        elif word.startswith("-") and word[:2] in about:
            yield about[word[:2]], word, word[2:].lstrip("=") or following
        elif programs.BARE in about and re.fullmatch(PLACES, word) and not before.startswith("-"):
            yield about[programs.BARE], word, word


def _read_endpoint(command: Command, option: str, value: str) -> None:
    """Notes one of Twisted's endpoint descriptions; one for TLS is moved to the bench's port."""
    kind, *parts = re.split(r"(?<!\\):", value)
    if kind == "unix":
        command.unix = Path(parts[0].removeprefix("address="))
    elif kind == "ssl" and not command.tls:
        kept = (part for part in parts if not re.match(r"\d+$|port=|interface=", part))
        moved = ":".join(["ssl", "{port}", *kept, "interface={host}"])
        command.words = [moved.join(word.rsplit(value, 1)) if word.endswith(value) else word for word in command.words]
        command.tls = True
    else:
        raise _refused(f"{option} {value}" if option != value and value not in option else option)


def _read_settings(command: Command, folder: Path, name: str) -> None:
    """Notes what the program's configuration file says of where and how it will listen."""
    said = _settings(folder, name) if name else {}
    if said.get("daemon") is True:
        raise _background(f"daemon in {name}")
    for key in ("insecure_bind", "quic_bind"):
        if said.get(key):
            raise _refused(f"{key} in {name}")
    command.tls |= bool(said.get("certfile") or said.get("keyfile"))
    binds = said.get("bind") or []
    binds = [binds] if isinstance(binds, str) else list(binds)
    if not binds or command.unix or command.nowhere:
        return
    if len(binds) == 1 and binds[0].startswith("unix:"):
        command.unix = Path(binds[0].removeprefix("unix:"))
    else:
        # The option that the bench adds outdoes the file.
        command.told.append(f"{name}: bind = {', '.join(binds)} → {{address}}")


def _settings(folder: Path, name: str) -> dict[str, object]:
    """What a configuration file plainly says; nothing of what its code works out, nor of a file that is not there."""
    if name.startswith("python:"):
        name = f"{name.removeprefix('python:').replace('.', '/')}.py"
    path = folder / name.removeprefix("file:")
    if not path.is_file():
        return {}
    import tomllib  # only now: few configurations are written in it

    text = path.read_text(encoding="utf-8", errors="replace")
    try:
        return tomllib.loads(text) if path.suffix == ".toml" else dict(_constants(text))
    except (SyntaxError, tomllib.TOMLDecodeError):
        return {}  # the program will say so


def _constants(text: str) -> Iterator[tuple[str, object]]:
    """The names that Python code plainly assigns a value to, with that."""
    for node in ast.parse(text).body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            try:
                yield node.targets[0].id, ast.literal_eval(node.value)
            except ValueError:
                continue


def _refused(word: str) -> BenchError:
    return BenchError(
        f"Leave {word} out: the bench says where to listen. Choose a port with port=8000.",
        f"{word} 옵션은 빼세요. 주소는 작업대가 정합니다. 포트를 고르려면 port=8000처럼 지정하세요.",
    )


def _background(word: str) -> BenchError:
    return BenchError(
        f"Leave {word} out: on the bench a program runs in the foreground, where its log and its end can be seen.",
        f"{word} 옵션은 빼세요. 작업대에서는 프로그램을 포그라운드로 실행해야 로그와 종료를 확인할 수 있습니다.",
    )
