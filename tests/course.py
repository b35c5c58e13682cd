"""The notebooks as the gates see them: cells, their two languages, their exercises."""

import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from support.upkeep.lesson import package
from support.upkeep.readable import Complaint
from support.upkeep.refresh import ROOT, notebooks

NOTEBOOKS = notebooks()
LESSONS = [path for path in NOTEBOOKS if path.parent.name != "notebooks"]  # 0-start-here is shorter than a lesson


def name(path: Path) -> str:
    """The notebook's path inside notebooks/, as a test id."""
    return path.relative_to(ROOT / "notebooks").as_posix()


def lesson(path: Path) -> str:
    """The name of its folder of checks in support/exercises and of answers in tests/answers."""
    return package(name(path))


def judge(path: Path, complaints: list[Complaint]) -> None:
    """Fails with what is to be written, a line each."""
    told = "\n".join(map(str, complaints))
    assert not complaints, f"{name(path)}: mend each cell as its line says\n{told}"


def read(path: Path) -> NotebookNode:
    """The notebook."""
    return nbformat.read(path, as_version=4)


def code_cells(path: Path) -> list[NotebookNode]:
    """The code cells of a notebook that hold code."""
    return [cell for cell in read(path).cells if cell.cell_type == "code" and cell.source.strip()]


def prose_cells(path: Path) -> list[NotebookNode]:
    """The Markdown cells of a notebook."""
    return [cell for cell in read(path).cells if cell.cell_type == "markdown"]


def tags(cell: NotebookNode) -> list[str]:
    """The tags of a cell."""
    return cell.metadata.get("tags", [])


def tagged(path: Path, tag: str) -> NotebookNode:
    """The one cell with the tag."""
    (found,) = [cell for cell in read(path).cells if tag in tags(cell)]
    return found


def fences(cell: NotebookNode) -> list[str]:
    """What stands in the code fences of a prose cell."""
    return re.findall(r"```\w+\n(.*?)\n```", cell.source, re.DOTALL)


@dataclass(frozen=True)
class Prose:
    """A prose cell taken apart: what stands outside the language blocks, and each language's text."""

    outside: str
    en: str
    ko: str


def prose(cell: NotebookNode) -> Prose:
    """The cell's three parts. Several blocks of one language count as one text."""
    block = re.compile(r'^<div lang="(en|ko)">\n(.*?)\n</div>$', re.MULTILINE | re.DOTALL)
    halves = {"en": "", "ko": ""}
    for language, text in block.findall(cell.source):
        halves[language] += text
    return Prose(block.sub("", cell.source), **halves)


def command(path: Path, *arguments: str) -> list[str]:
    """`pytest --nbval` over one notebook, with the repository's own conftest."""
    pytest = [sys.executable, "-m", "pytest", "--nbval", "-q", "-p", "no:cacheprovider", "--rootdir", str(ROOT)]
    return [*pytest, "-c", str(ROOT / "pyproject.toml"), *arguments, str(path)]


def nbval(path: Path, *arguments: str, cwd: Path = ROOT, **options) -> subprocess.CompletedProcess:
    """The finished run of `command`."""
    return subprocess.run(
        command(path, *arguments),
        cwd=cwd, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=600, check=False, **options,
    )  # fmt: skip


def copied(path: Path, folder: Path) -> Path:
    """A copy of the notebook in a folder that has the repository's conftest, so that nbval is as strict there."""
    for needed in ("conftest.py", "tests/sanitize.cfg"):
        target = folder / needed
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / needed, target)  # not its mode: the checkout may be read-only
    return Path(shutil.copyfile(path, folder / path.name))


def failed(run: subprocess.CompletedProcess) -> set[int]:
    """The numbers of the cells that failed in an nbval run: nbval counts code cells from 0."""
    return {int(number) for number in re.findall(r"^FAILED .*::Cell (\d+)", run.stdout, re.MULTILINE)}


def stored(path: Path) -> list[tuple[NotebookNode, str, str]]:
    """Every stored text of a notebook: (cell, kind, text), where kind is stdout, evalue or a MIME type."""
    texts = []
    for cell in code_cells(path):
        for output in cell.outputs:
            if output.output_type == "stream":
                texts.append((cell, output.name, output.text))
            elif output.output_type == "error":
                texts.append((cell, "evalue", output.evalue))
            else:
                texts += [(cell, kind, text) for kind, text in output.data.items() if isinstance(text, str)]
    return texts
