"""Cells that can be read aloud: `make format`, and what the gate says of a cell that cannot (DESIGN.md, "A lesson").

A cell of Python and the body of a `%%writefile … .py` are formatted and linted by ruff. What ruff cannot say is said
here: how many statements, an effect hidden in an expression, a program inside a string, a cell that shows nothing.
Stubs are left alone where they must be unfinished.
"""

import ast
import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import nbformat

from .refresh import ROOT

CELL, FILE, FUNCTION = 12, 20, 12  # statements at most: in a cell, in a file cell, in one function of a file cell
WIDEST = 115  # characters of a line that JupyterLab shows beside its file browser, 1366 px wide


@dataclass(frozen=True)
class Complaint:
    """What is wrong with one cell: the name of the rule, and a sentence that says what to write."""

    cell: str
    rule: str
    sentence: str

    def __str__(self) -> str:
        return f"{self.cell} {self.rule}: {self.sentence}"


def complaints(path: Path) -> list[Complaint]:
    """What this module and ruff have to say of the code cells of a notebook."""
    cells = [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]
    found = [complaint for cell in cells for complaint in _of_cell(cell)]
    return found + _unused_imports(cells) + _of_ruff(path, cells)


def _of_cell(cell) -> Iterator[Complaint]:
    first, _, rest = cell.source.partition("\n")
    if first.startswith("%%nginx") and "{%" in rest:
        yield Complaint(cell.id, "loop", "write out what the learner would write, without {% %}")
    for number, line in enumerate(cell.source.splitlines(), 1):
        if len(line) > WIDEST:
            yield Complaint(cell.id, "wide", f"line {number} is cut off on a laptop: give a part of it a name")
    code = rest if is_file(cell) else cell.source
    if first.startswith("%%") and not is_file(cell):
        return
    tree = ast.parse(re.sub(r"(?m)^[%!].*$", "pass", code))
    yield from (Complaint(cell.id, *wrong) for wrong in (*_size(tree, is_file(cell)), *_effects(tree)))
    if not is_file(cell):
        yield from (Complaint(cell.id, *wrong) for wrong in (*_names(tree), *_strings(tree), *_end(tree)))


def is_file(cell) -> bool:
    """Whether the cell writes a Python file."""
    return bool(re.match(r"%%writefile .*\.py\s*$", cell.source.partition("\n")[0]))


def statements(tree: ast.AST) -> int:
    """The statements in it at every depth, docstrings not counted."""
    documented = ast.Module | ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
    docstrings = sum(isinstance(n, documented) and ast.get_docstring(n) is not None for n in ast.walk(tree))
    return sum(isinstance(node, ast.stmt) for node in ast.walk(tree)) - docstrings


def _size(tree: ast.Module, file: bool) -> Iterator[tuple[str, str]]:
    count, most = statements(tree), FILE if file else CELL
    if count > most:
        cure = "make it several files" if file else "make it two cells, or move the plumbing into support/"
        yield "size", f"{count} statements, and {most} are the most: {cure}"
    for node in ast.walk(tree):
        if file and isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            inside = statements(node) - 1
            if inside > FUNCTION:
                yield "function", f"{node.name} has {inside} statements, and {FUNCTION} are the most: make it two"


def _effects(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Expressions that are run for what they do, where a statement would say so."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Expr):
            continue
        value = node.value
        shown = node is tree.body[-1] and not isinstance(value, ast.BoolOp)  # a last line shows its value
        hides = ast.ListComp | ast.SetComp | ast.DictComp | ast.BoolOp | ast.IfExp
        if isinstance(value, hides) and not shown and any(isinstance(inner, ast.Call) for inner in ast.walk(value)):
            yield "effect", f"line {node.lineno} is an expression run for its effect: write a for loop or an if"
        if isinstance(value, ast.Tuple) and sum(isinstance(each, ast.Call) for each in value.elts) > 1:
            yield "tuple", f"line {node.lineno} is a tuple of calls: write one call a line"


def _names(tree: ast.Module) -> Iterator[tuple[str, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) and len(node.id) == 1 and node.id != "_":
            yield "name", f"line {node.lineno}: {node.id} says nothing of its role: name it by what it is for"
        if isinstance(node, ast.Attribute) and node.attr == "wire":
            yield "wire", f"line {node.lineno}: a Tap has .bytes(way), .messages() and .last: write those, not .wire"
        if isinstance(node, ast.Assign) and _is_tap(node.value) and not _named_tap(node.targets[0]):
            yield "tap", f"line {node.lineno}: a Tap is called tap, or something_tap where there are several"


def _is_tap(value: ast.expr) -> bool:
    return isinstance(value, ast.Call) and isinstance(value.func, ast.Attribute) and value.func.attr == "tap"


def _named_tap(target: ast.expr) -> bool:
    return isinstance(target, ast.Name) and re.search(r"(^|_)tap(_|$)", target.id) is not None


def _strings(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Programs and configurations that stand in strings."""
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
            continue
        text = "".join(n.value for n in ast.walk(node) if isinstance(n, ast.Constant) and isinstance(n.value, str))
        if node.func.attr == "run" and re.search(r"python3? -c\b", text):
            yield "program", f"line {node.lineno} has a program in a string: write it into a file with %%writefile"
        if node.func.attr == "nginx" and ("{%" in text or ".replace(" in text):
            yield "loop", f"line {node.lineno} assembles a configuration: write it out in a %%nginx cell"


def _end(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """The last line is what one looks at, unless the cell only imports, defines and makes."""
    making = ast.Import | ast.ImportFrom | ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Assign
    last = tree.body[-1] if tree.body else None
    while isinstance(last, ast.For | ast.With | ast.If | ast.Try):
        last = last.body[-1]
    if last is None or isinstance(last, ast.Expr | ast.Pass) or all(isinstance(each, making) for each in tree.body):
        return
    yield "end", "the last line shows nothing: end with what one looks at"


def _unused_imports(cells) -> list[Complaint]:
    """Imports of which no cell makes use; a stub may import what its answer needs."""
    found = []
    everything = "\n".join(cell.source for cell in cells)
    for cell in cells:
        if cell.source.startswith("%%") or _is_stub(cell):
            continue
        for name in re.findall(r"(?m)^(?:from .* )?import (.*)$", cell.source):
            for each in (part.split()[-1].split(".")[0] for part in name.split(",")):
                if len(re.findall(rf"\b{each}\b", everything)) < 2:
                    found.append(Complaint(cell.id, "import", f"no cell uses {each}: leave the import out"))
    return found


def _is_stub(cell) -> bool:
    return any(tag.startswith("stub:") for tag in cell.metadata.get("tags", []))


def _of_ruff(path: Path, cells) -> list[Complaint]:
    """ruff's words on the cells, and on the files that they write."""
    ids = [cell.id for cell in nbformat.read(path, as_version=4).cells]
    found = [_complaint(ids[(said["cell"] or 1) - 1], said) for said in _ruff(path)]
    with tempfile.TemporaryDirectory() as folder:
        for cell in cells:
            if is_file(cell) and not _is_stub(cell):
                Path(folder, f"{cell.id}.py").write_text(body(cell), encoding="utf-8")
        return found + [_complaint(Path(said["filename"]).stem, said) for said in _ruff(folder)]


def _complaint(cell: str, said: dict) -> Complaint:
    if said["code"] == "unformatted":
        return Complaint(cell, "format", "run `make format`")
    return Complaint(cell, said["code"] or "syntax", f"line {said['location']['row']}: {said['message']} (ruff)")


def _ruff(path) -> list[dict]:
    """What ruff's linter and formatter report of a notebook or a folder."""
    runs = [_run(*words, "--output-format=json", "--no-cache", path) for words in (("check",), ("format", "--check"))]
    return [said for run in runs for said in json.loads(run.stdout or "[]")]


def _run(*arguments, **options) -> subprocess.CompletedProcess:
    words = [sys.executable, "-m", "ruff", *map(str, arguments), "--config", str(ROOT / "pyproject.toml")]
    return subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60, **options)


def body(cell) -> str:
    """The file that a file cell writes."""
    return cell.source.partition("\n")[2].rstrip("\n") + "\n"


def format_cells(path: Path) -> None:
    """Formats a notebook's cells, and the Python files that they write, in place; outputs stay."""
    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        if cell.cell_type == "code" and is_file(cell):
            done = _run("format", "-", input=body(cell))
            if done.returncode == 0:
                cell.source = f"{cell.source.partition(chr(10))[0]}\n{done.stdout.rstrip()}"
    path.write_text(nbformat.writes(notebook) + "\n", encoding="utf-8")
    _run("format", path)
