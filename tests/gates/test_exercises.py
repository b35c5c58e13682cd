"""The gate "exercises": the stub fails with help, the printed solution passes, typical wrong answers fail."""

import re
from pathlib import Path

import course
import nbformat
import pytest

from support.upkeep.refresh import client, sanitized

WRONG = course.ROOT / "tests" / "answers"
HANGUL = re.compile(r"[가-힣]")
EXERCISES = [
    pytest.param(path, tag.removeprefix("stub:"), id=f"{course.lesson(path)}:{tag.removeprefix('stub:')}")
    for path in course.NOTEBOOKS
    for cell in course.read(path).cells
    for tag in course.tags(cell)
    if tag.startswith("stub:")
]


def solution(path: Path, name: str) -> str:
    """The solution as the notebook prints it: the one code fence of its cell."""
    (fence,) = course.fences(course.tagged(path, f"solution:{name}"))
    return fence


def wrong_answers(path: Path, name: str) -> list[tuple[Path, str]]:
    """Each typical wrong answer: where it stands, and the answer. Beside it lies a file `.expect`.

    Its first line is in the check's words. The others are the picture: the lines that `picture` makes of the verdict,
    where … stands for whatever differs from run to run.
    """
    folder = WRONG / course.lesson(path) / name
    files = [file for file in sorted(folder.glob("wrong-*")) if file.suffix != ".expect"]
    return [(file, file.read_text("utf-8").rstrip("\n")) for file in files]


def picture(text: str, html: str) -> list[str]:
    """What a verdict shows besides its words: the boxes, and the names over the folded tables of what crossed."""
    boxes = text.splitlines()[2:]
    folded = re.findall(r"<pre>(\S+ ⇄ \S+)</pre>", html)
    return [*map(sanitized, boxes), *([f"  ▸ {', '.join(folded)}"] if "<details>" in html else [])]


def like(line: str, expected: str) -> bool:
    """True if the line is the expected one, in which … stands for anything."""
    return re.fullmatch(".*".join(map(re.escape, expected.split("…"))), line) is not None


def verdicts(path: Path, name: str, answers: list[str]) -> list[tuple[str, str]]:
    """The check's verdict on each answer, as text and as HTML, all given in one kernel, as a learner would."""
    setup, check = (course.tagged(path, tag).source for tag in ("setup", f"check:{name}"))
    sources = [setup, *(source for answer in answers for source in (answer, check))]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in sources])
    client(notebook, path.parent, allow_errors=True).execute()
    return [_said(cell) for cell in notebook.cells[2::2]]


def _said(cell) -> tuple[str, str]:
    """The verdict that a check cell shows, or the exception it ended with."""
    for output in cell.outputs:
        if output.output_type == "error":
            return f"{output.ename}: {output.evalue}", ""
        if "text/plain" in output.get("data", {}):
            return output.data["text/plain"], output.data["text/html"]
    return "nothing", ""


@pytest.mark.parametrize(("path", "name"), EXERCISES)
def test_the_check_tells_right_from_wrong(path, name):
    wrong = wrong_answers(path, name)
    folder = f"tests/answers/{course.lesson(path)}/{name}"
    assert len(wrong) >= 3, f"write three typical wrong answers into {folder}: wrong-1.py, wrong-1.expect …"
    stub = course.tagged(path, f"stub:{name}").source
    said = verdicts(path, name, [stub, solution(path, name), *(answer for _, answer in wrong)])
    text, _ = said[0]
    helps = text.startswith("✗ ") and len(text) > 40 and HANGUL.search(text)
    assert helps, f"{name}: let the check say of the stub what to write first, in both languages, not: {text}"
    assert said[1][0].startswith("✓ "), f"{name}: mend the check or the printed solution, which fails it: {said[1][0]}"
    for (file, _), (text, html) in zip(wrong, said[2:], strict=True):
        words, *lines = file.with_suffix(".expect").read_text("utf-8").rstrip("\n").split("\n")
        assert text.startswith("✗ ") and HANGUL.search(text), f"{file}: mend the check {name}, which takes it: {text}"
        assert words in text, f"{file}: the check must say {words!r} (line 1 of its .expect), and says: {text}"
        shown = picture(text, html)
        right = len(shown) == len(lines) and all(map(like, shown, lines))
        listed = "\n".join(shown)
        assert right, f"{file}: if this is the picture to show, write it under line 1 of its .expect:\n{listed}"


@pytest.mark.parametrize(("path", "name"), EXERCISES)
def test_the_solution_is_folded_and_no_code_cell_holds_it(path, name):
    cell = course.tagged(path, f"solution:{name}")
    folded = re.match(r"<details>\s*<summary>Solution · 풀이</summary>", cell.source.lstrip("#").lstrip())
    assert cell.cell_type == "markdown" and folded, f"{name}: fold the solution into a Markdown cell, in <details>"
    copies = [other for other in course.code_cells(path) if other.source.strip() == solution(path, name)]
    assert not copies, f"{name}: a code cell holds the solution, so the check passes unread: keep the stub there"


@pytest.mark.parametrize("path", course.NOTEBOOKS, ids=course.name)
def test_every_exercise_has_its_cells_and_hints(path):
    names = {param.values[1] for param in EXERCISES if param.values[0] == path}
    assert names, f"{course.name(path)} has no exercise: tag a cell stub:NAME, and one check:NAME"
    for name in names:
        cells = course.read(path).cells
        stub, check = (
            next(n for n, c in enumerate(cells) if f"{part}:{name}" in course.tags(c)) for part in ("stub", "check")
        )
        task = next(cell for cell in reversed(cells[:stub]) if cell.cell_type == "markdown")
        text = course.prose(task)
        assert stub < check, f"{name}: put the cell tagged check:{name} below stub:{name}"
        hints = text.en.count("Hint") == text.ko.count("힌트") >= 2
        assert hints and text.en.count("<details>") >= 2, f"{name}: fold two hints or more into both languages"
