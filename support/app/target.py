"""The learner's apps, as files in the bench's folder: "hello:app" is `app` in hello.py."""

import ast
import re
from pathlib import Path

from ..errors import BenchError


def load(folder: Path, target: str):
    """The object that `target` names, from the file as it is now. Raises BenchError if it is not there."""
    module, _, attribute = target.partition(":")
    path = folder / f"{module}.py"
    if not path.exists():
        raise _not_there(module)
    namespace = {"__name__": module, "__file__": str(path)}
    exec(compile(path.read_text(encoding="utf-8"), str(path), "exec"), namespace)
    if attribute not in namespace:
        raise BenchError(f"{module}.py has no {attribute}.", f"{module}.py 파일에 {attribute} 객체가 없습니다.")
    return namespace[attribute]


def unwritten(error: BenchError, folder: Path, words: list[str]) -> BenchError:
    """The error with what to do, if a word of the command names an app whose file is not there; else as it was."""
    for word in words:
        module, colon, _ = word.partition(":")
        if (
            colon
            and not (folder / f"{module}.py").exists()
            and re.search(rf"module(?: named)? ['\"]{re.escape(module)}", error.evidence)
        ):
            cause = _not_there(module)
            return BenchError(cause.en, cause.ko, error.evidence)
    return error


def _not_there(module: str) -> BenchError:
    return BenchError(
        f"There is no {module}.py on the bench. Run the cell that writes it (%%writefile {module}.py).",
        f"벤치에 {module}.py 파일이 없습니다. %%writefile {module}.py 셀을 먼저 실행하세요.",
    )


def constant(folder: Path, target: str) -> str | None:
    """The type of what `target` names if its file plainly assigns it a value that cannot be called.

    The file is read, not run; None for everything else, a missing file or name included.
    """
    module, colon, attribute = target.partition(":")
    path = folder / f"{module}.py"
    if not colon or not path.exists():
        return None
    try:
        tree = ast.parse(path.read_text(encoding="utf-8"))
    except SyntaxError:
        return None  # the server will say so
    kind = None
    for node in tree.body:
        names = [t.id for t in getattr(node, "targets", ()) if isinstance(t, ast.Name)]
        if attribute in names or getattr(node, "name", None) == attribute:
            try:
                kind = type(ast.literal_eval(node.value)).__name__
            except (ValueError, AttributeError):
                kind = None
    return kind
