"""The learner's apps, as files in the bench's folder: "hello:app" is `app` in hello.py."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from ..errors import BenchError, Said


def load(folder: Path, target: str):
    """The object that `target` names, from the file as it is now. Raises BenchError if it is not there."""
    module, _, attribute = target.partition(":")
    path = _file(folder, module)
    if not path.exists():
        raise _not_there(folder, module)
    namespace = {"__name__": module, "__package__": module.rpartition(".")[0], "__file__": str(path)}
    exec(compile(path.read_text(encoding="utf-8"), str(path), "exec"), namespace)
    if attribute not in namespace:
        name = path.relative_to(folder)
        raise BenchError(f"{name} has no {attribute}.", f"{name} 파일에 {attribute} 객체가 없습니다.")
    return namespace[attribute]


def _file(folder: Path, module: str) -> Path:
    """Where the module's source is, or would be: mysite.asgi is mysite/asgi.py, a package its __init__.py."""
    path = folder.joinpath(*module.split("."))
    package = path / "__init__.py"
    return package if package.exists() else path.with_name(f"{path.name}.py")


def unwritten(error: BenchError, folder: Path, words: list[str]) -> BenchError:
    """The error with what to do, if a word of the command names an app whose file is not there; else as it was."""
    for word in words:
        module, colon, _ = word.partition(":")
        if not colon or not re.fullmatch(r"\w+(\.\w+)*", module) or _file(folder, module).exists():
            continue
        # Python names the first part that it cannot find: of mysite.asgi this may be mysite.
        parts = module.split(".")
        missing = "|".join(re.escape(".".join(parts[: n + 1])) for n in range(len(parts)))
        if re.search(rf"module(?: named)? ['\"](?:{missing})['\"]", error.evidence):
            cause = _not_there(folder, module)
            return BenchError(cause.en, cause.ko, error.evidence)
    return error


def _not_there(folder: Path, module: str) -> BenchError:
    name = _file(folder, module).relative_to(folder).as_posix()
    return BenchError(
        f"There is no {name} on the bench. Run the cell that writes it (%%writefile {name}).",
        f"작업대에 {name} 파일이 없습니다. %%writefile {name} 셀을 먼저 실행하세요.",
    )


def constant(folder: Path, target: str) -> str | None:
    """The type of what `target` names if its file plainly assigns it a value that cannot be called.

    The file is read, not run; None for everything else, a missing file or name included.
    """
    module, colon, attribute = target.partition(":")
    path = _file(folder, module)
    if not colon or not path.exists():
        return None
    kind = None
    for node in _tree(path.read_text(encoding="utf-8")).body:
        names = [t.id for t in getattr(node, "targets", ()) if isinstance(t, ast.Name)]
        if attribute in names or getattr(node, "name", None) == attribute:
            try:
                kind = type(ast.literal_eval(node.value)).__name__
            except (ValueError, AttributeError):
                kind = None
    return kind


def _tree(text: str) -> ast.Module:
    """The program, parsed; an empty one where it cannot be: its server will say so."""
    try:
        return ast.parse(text)
    except (SyntaxError, ValueError):
        return ast.Module([], [])


def sources(folder: Path, words: list[str]) -> dict[Path, str]:
    """What stands now in the learner's files from which the command runs: those that it names, and all they import.

    None where the program reads its files again by itself (`--reload`).
    """
    left = [] if "--reload" in words else [path for word in words if (path := _named(folder, word))]
    texts: dict[Path, str] = {}
    while left:
        path = left.pop()
        if path not in texts:
            texts[path] = path.read_text(encoding="utf-8", errors="replace")
            left += _imported(folder, path, texts[path])
    return texts


def _named(folder: Path, word: str) -> Path | None:
    """The file of the learner's that a word names, as hello.py, as hello:app or as a module; None if it names none."""
    name = word.partition(":")[0]
    if re.fullmatch(r"\w+(\.\w+)*", name) and (path := _file(folder, name)).is_file():
        return path
    return path if word.endswith(".py") and (path := folder / word).is_file() else None


def _imported(folder: Path, path: Path, text: str) -> Iterator[Path]:
    """The learner's files that a program imports, or names as Django's settings do: "mysite.urls"."""
    package = path.relative_to(folder).parts[:-1]
    for node in ast.walk(_tree(text)):
        modules: list[str] = []
        if isinstance(node, ast.Import):
            modules = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            module = ".".join([*base, *([node.module] if node.module else [])])
            modules = [module, *(f"{module}.{alias.name}".lstrip(".") for alias in node.names)]
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and "." in node.value:
            modules = [node.value]
        for module in modules:
            if found := _named(folder, module):
                yield found


def stale(folder: Path, texts: dict[Path, str], command: str) -> Said | None:
    """What to say where one of these files holds something else by now; None where none does."""
    changed = [
        path.relative_to(folder).as_posix()
        for path, text in texts.items()
        if path.is_file() and path.read_text(encoding="utf-8", errors="replace") != text
    ]
    if not changed:
        return None
    names = ", ".join(sorted(changed))
    return Said(
        f"{names} changed after this server started; the server still runs the old version. "
        "Run the cell that starts it:",
        f"{names} 파일이 서버를 시작한 뒤에 바뀌었습니다. 서버는 바뀌기 전의 코드로 동작합니다. "
        "서버를 시작하는 셀을 다시 실행하세요:",
        f"$ {command}",
    )
