"""make lesson: a skeleton that runs, in a copy of the repository, and gates that tell its author what to write."""

import os
import re
import shutil
import subprocess
import sys
from types import SimpleNamespace

import course
import nbformat
import pytest

from support.upkeep import lesson

NAME = "1-wsgi/1.9-throw-away"


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The copy's folder, and what `make lesson` printed in it."""
    folder = tmp_path_factory.mktemp("copy") / "course"
    for part in ("notebooks", "support", "tests", "pyproject.toml", "conftest.py", "README.md"):
        source = course.ROOT / part
        copy = shutil.copytree if source.is_dir() else shutil.copyfile
        folder.mkdir(exist_ok=True)
        copy(source, folder / part)
    command = [sys.executable, "-m", "support.upkeep.lesson", NAME]
    environment = os.environ | {"PYTHONPATH": str(folder)}
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=300
    )
    return folder, done


def test_it_runs_and_its_check_judges(made):
    folder, done = made
    notebook = nbformat.read(folder / "notebooks" / f"{NAME}.ipynb", as_version=4)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert all(cell.execution_count for cell in code), done.stderr
    verdict = next(cell for cell in code if "check:greet" in course.tags(cell)).outputs[-1]
    assert verdict.data["text/plain"].startswith("✗ ")


def test_the_gates_name_every_place_that_is_still_to_be_written(made):
    folder, done = made
    notebook = nbformat.read(folder / "notebooks" / f"{NAME}.ipynb", as_version=4)
    unwritten = {cell.id for cell in notebook.cells if "✎" in cell.source}
    named = set(re.findall(r"(?m)^ *(\S+) unwritten: write this", done.stdout))
    assert named == unwritten
    assert "AssertionError" in done.stdout


def test_its_neighbours_lead_to_it(made):
    folder, _ = made
    before = max(path for path in (folder / "notebooks" / "1-wsgi").glob("*.ipynb") if path.stem < "1.9")
    assert "1.9-throw-away.ipynb" in nbformat.read(before, as_version=4).cells[0].source


def test_a_name_that_is_none_and_a_lesson_that_is_there():
    for name in ("servers", "1-wsgi/servers", "1-wsgi/1.3_servers", "../1-wsgi/1.3-servers"):
        with pytest.raises(SystemExit, match=r"1-wsgi/1\.5-build-a-server"):
            lesson.make(name)
    with pytest.raises(SystemExit, match="there already"):
        lesson.make("1-wsgi/1.1-contract")


def test_minutes_are_computed():
    def prose(text, **metadata):
        return nbformat.v4.new_markdown_cell(f'<div lang="en">\n\n{text}\n\n</div>', metadata=metadata)

    cells = [
        prose("word " * 240),  # 2 minutes
        prose("**Predict.**"),  # 1, and its own word
        *[nbformat.v4.new_code_cell("1")] * 4,  # 3
        nbformat.v4.new_code_cell(""),
        prose("<details>" + "word " * 1000 + "</details>"),  # a fold: none
        nbformat.v4.new_code_cell("...", metadata={"tags": ["stub:a"]}),  # an exercise: none
        nbformat.v4.new_markdown_cell("## 1. Exercise: a (15 min) · 연습: 가(15분)\n" + prose("word " * 1000).source),
    ]
    assert lesson.minutes(SimpleNamespace(cells=cells)) == 10
    assert lesson.minutes(SimpleNamespace(cells=cells[2:])) == 5
    assert [lesson.exercise_minutes(cell) for cell in cells[-2:]] == [None, 15]
    assert lesson.exercise_minutes(nbformat.v4.new_markdown_cell("## 1. Exercise: a (15 min) · 연습: 가(5분)")) is None
