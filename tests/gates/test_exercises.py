"""The gate "exercises": the stub fails with help, the printed solution passes, typical wrong answers fail."""

import re
from pathlib import Path

import course
import nbformat
import pytest

from support.upkeep.refresh import client

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
    (fence,) = re.findall(r"```\w+\n(.*?)\n```", course.tagged(path, f"solution:{name}").source, re.DOTALL)
    return fence


def wrong_answers(path: Path, name: str) -> list[tuple[str, str, str]]:
    """(its file's name, the answer, what the message must say) for each typical wrong answer."""
    folder = WRONG / course.lesson(path) / name
    return [
        (file.name, file.read_text("utf-8").rstrip("\n"), file.with_suffix(".expect").read_text("utf-8").strip())
        for file in sorted(folder.glob("wrong-*"))
        if file.suffix != ".expect"
    ]


def verdicts(path: Path, name: str, answers: list[str]) -> list[str]:
    """The check's words on each answer, given one after the other in one kernel, as a learner would."""
    setup, check = (course.tagged(path, tag).source for tag in ("setup", f"check:{name}"))
    sources = [setup, *(source for answer in answers for source in (answer, check))]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in sources])
    client(notebook, path.parent, allow_errors=True).execute()
    return [_said(cell) for cell in notebook.cells[2::2]]


def _said(cell) -> str:
    """The verdict that a check cell shows, or the exception it ended with."""
    for output in cell.outputs:
        if output.output_type == "error":
            return f"{output.ename}: {output.evalue}"
        if "text/plain" in output.get("data", {}):
            return output.data["text/plain"]
    return "nothing"


@pytest.mark.parametrize(("path", "name"), EXERCISES)
def test_the_check_tells_right_from_wrong(path, name):
    wrong = wrong_answers(path, name)
    assert len(wrong) >= 3, "three typical wrong answers are asked for"
    stub = course.tagged(path, f"stub:{name}").source
    said = verdicts(path, name, [stub, solution(path, name), *(answer for _, answer, _ in wrong)])
    assert said[0].startswith("✗ ") and len(said[0]) > 40 and HANGUL.search(said[0]), said[0]
    assert said[1].startswith("✓ "), said[1]
    for (file, _, expected), words in zip(wrong, said[2:], strict=True):
        assert words.startswith("✗ ") and expected in words and HANGUL.search(words), (file, words)


@pytest.mark.parametrize(("path", "name"), EXERCISES)
def test_the_solution_is_folded_and_no_code_cell_holds_it(path, name):
    cell = course.tagged(path, f"solution:{name}")
    assert cell.cell_type == "markdown"
    assert re.match(r"<details>\s*<summary>Solution · 풀이</summary>", cell.source.lstrip("#").lstrip())
    assert all(other.source.strip() != solution(path, name) for other in course.code_cells(path))


@pytest.mark.parametrize("path", course.NOTEBOOKS, ids=course.name)
def test_every_exercise_has_its_cells_and_hints(path):
    names = {param.values[1] for param in EXERCISES if param.values[0] == path}
    assert names
    for name in names:
        cells = course.read(path).cells
        stub, check = (
            next(n for n, c in enumerate(cells) if f"{part}:{name}" in course.tags(c)) for part in ("stub", "check")
        )
        task = next(cell for cell in reversed(cells[:stub]) if cell.cell_type == "markdown")
        text = course.prose(task)
        assert stub < check
        assert text.en.count("<details>") >= 2 and text.en.count("Hint") == text.ko.count("힌트") >= 2
