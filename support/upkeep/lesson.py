"""What every lesson says of itself, computed: its minutes and its neighbours; and `make lesson`, a new one's skeleton.

make lesson NAME=1-wsgi/1.5-build-a-server     a notebook, a check and a wrong answer, which run; then the gates say,
                                        cell by cell, what is still to be written (each place is marked ✎)
"""

import math
import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from .refresh import ROOT, notebooks, refresh

SKELETON = Path(__file__).with_name("skeleton")
NAME = re.compile(r"\d-[a-z]+/\d\.\d+-[a-z0-9-]+")
WORDS_A_MINUTE, MINUTES_A_CELL, MINUTES_A_PREDICT = 120, 0.75, 1
ROUNDED_TO = 5  # minutes
COURSE = "wsgi-asgi-nginx-lab"  # in a notebook's metadata: the extension veils what is to be predicted in these alone


def package(name: str) -> str:
    """The folder of a lesson's checks and answers: 1-wsgi/1.1-contract is wsgi_contract."""
    words = re.split(r"[/-]", name.removesuffix(".ipynb"))
    return "_".join(word for word in words if not re.fullmatch(r"[\d.]+", word))


def halves(source: str) -> tuple[str, str]:
    """The English and the Korean text of a prose cell, its folds left out: they can be read later."""
    bare = re.sub(r"<details>.*?</details>", "", source, flags=re.DOTALL)
    texts = (re.findall(rf'<div lang="{each}">\n(.*?)\n</div>', bare, re.DOTALL) for each in ("en", "ko"))
    english, korean = ("\n".join(found) for found in texts)
    return english, korean


def words(text: str) -> int:
    """The words that are read: code fences, addresses and markup do not count."""
    return len(re.sub(r"```.*?```|\]\([^)]*\)|<[^>]*>|[|*#-]", " ", text, flags=re.DOTALL).split())


def is_exercise(cell) -> bool:
    """Whether the cell belongs to an exercise: its task, stub, check or solution."""
    tags = cell.metadata.get("tags", [])
    task = cell.cell_type == "markdown" and exercise_minutes(cell) is not None
    return task or any(tag.startswith(("stub:", "check:", "solution:")) for tag in tags)


def exercise_minutes(cell) -> int | None:
    """The minutes in an exercise's heading, `## 5. Exercise: … (15 min) · 연습: …(15분)`; None for another cell."""
    heading = re.match(r"#+ .*\bExercise\b.*?\((\d+) min\) · .*\((\d+)분\)$", cell.source.partition("\n")[0])
    return int(heading[1]) if heading and heading[1] == heading[2] else None


def minutes(notebook) -> int:
    """How long a lesson takes to read, predict and run, without its exercises; rounded up to five."""
    cells = [cell for cell in notebook.cells if not is_exercise(cell)]
    prose = [halves(cell.source)[0] for cell in cells if cell.cell_type == "markdown"]
    code = [cell for cell in cells if cell.cell_type == "code" and cell.source.strip()]
    predicts = sum(text.count("**Predict.**") for text in prose)
    total = sum(map(words, prose)) / WORDS_A_MINUTE + MINUTES_A_CELL * len(code) + MINUTES_A_PREDICT * predicts
    return math.ceil(total / ROUNDED_TO) * ROUNDED_TO


def neighbours(path: Path) -> tuple[Path | None, Path | None]:
    """The notebooks before and after one, in the order of the course."""
    course = notebooks()
    place = course.index(path)
    return (course[place - 1] if place else None), (course[place + 1] if place + 1 < len(course) else None)


def link(path: Path, target: Path) -> str:
    """A Markdown link from one notebook to another, called by its number and name."""
    up = "" if path.parent == ROOT / "notebooks" else "../"
    return f"[{target.stem}]({up}{target.relative_to(ROOT / 'notebooks').as_posix()})"


def navigation(path: Path) -> tuple[str, str]:
    """The line of a title that leads to the neighbours, in English and in Korean."""
    before, after = neighbours(path)
    english = [f"{word}: {link(path, to)}" for word, to in (("Previous", before), ("Next", after)) if to]
    korean = [f"{word}: {link(path, to)}" for word, to in (("이전", before), ("다음", after)) if to]
    return " · ".join(english), " · ".join(korean)


def navigate(path: Path) -> None:
    """Writes the neighbours and the minutes into a notebook's title, and that it is one of the course's."""
    notebook = nbformat.read(path, as_version=4)
    notebook.metadata["course"] = COURSE
    title = notebook.cells[0]
    english, korean = navigation(path)
    lesson, exercises = minutes(notebook), sum(filter(None, map(exercise_minutes, notebook.cells)))
    title.source = re.sub(r"(?m)^(Previous|Next): .*$", english, title.source)
    title.source = re.sub(r"(?m)^(이전|다음): .*$", korean, title.source)
    title.source = re.sub(r"(?m)^\d+ minutes, and \d+", f"{lesson} minutes, and {exercises}", title.source)
    title.source = re.sub(
        r"(?m)^읽고 실행하는 데 \d+분, 연습에 \d+분", f"읽고 실행하는 데 {lesson}분, 연습에 {exercises}분", title.source
    )
    written = nbformat.writes(notebook) + "\n"
    if written != path.read_text(encoding="utf-8"):
        path.write_text(written, encoding="utf-8")


def make(name: str) -> list[Path]:
    """Makes a lesson's skeleton and runs it once; the files that were made. Raises SystemExit for an unfit name."""
    path = ROOT / "notebooks" / f"{name}.ipynb"
    if not NAME.fullmatch(name):
        raise SystemExit(
            f"{name}? Write it like 1-wsgi/1.5-build-a-server · 레슨 이름은 1-wsgi/1.5-build-a-server처럼 쓰세요"
        )
    if path.exists():
        raise SystemExit(f"{path.relative_to(ROOT)} is there already · 이미 있는 레슨입니다")
    number, _, _ = path.stem.partition("-")
    loader = Environment(loader=FileSystemLoader(SKELETON), undefined=StrictUndefined, keep_trailing_newline=True)

    def filled(template: str) -> str:
        return loader.get_template(template).render(lesson=name, number=number, package=package(name))

    texts = {path: nbformat.writes(_notebook(filled("lesson.md.jinja"))) + "\n"}
    for template in sorted(SKELETON.glob("*/*.jinja")):
        home = {"checks": "support/exercises", "answers": "tests/answers"}[template.parent.name]
        inside = "greet" if home == "tests/answers" else ""
        file = ROOT / home / package(name) / inside / template.stem
        texts[file] = filled(f"{template.parent.name}/{template.name}")
    for file, text in texts.items():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    for each in notebooks():
        navigate(each)
    refresh(path)
    return list(texts)


def _notebook(source: str):
    """The notebook whose cells stand in the text, each below a line `%% markdown|code ID [TAG …]`."""
    notebook = nbformat.v4.new_notebook()
    for head, body in re.findall(r"(?ms)^%% (.*?)\n(.*?)(?=^%% |\Z)", source):
        kind, name, *tags = head.split()
        make_cell = nbformat.v4.new_markdown_cell if kind == "markdown" else nbformat.v4.new_code_cell
        metadata = {"tags": tags} if tags else {}
        notebook.cells.append(make_cell(body.strip("\n"), id=name, metadata=metadata))
    like = nbformat.read(notebooks()[0], as_version=4)
    notebook.metadata = like.metadata
    return notebook


def main(arguments: list[str]) -> None:
    """Makes the lesson, then has the gates say what is still to be written."""
    if len(arguments) != 1:
        raise SystemExit("make lesson NAME=1-wsgi/1.5-build-a-server")
    for file in make(arguments[0]):
        print(file.relative_to(ROOT))
    gates = ["tests/gates/test_shape.py", "tests/gates/test_readable.py", "tests/gates/test_languages.py"]
    name = Path(arguments[0]).name
    command = [sys.executable, "-m", "pytest", "-q", "--tb=line", "-p", "no:cacheprovider", "-k", name, *gates]
    subprocess.run(command, cwd=ROOT, check=False)


def remove(name: str) -> None:
    """Takes back what `make` made, and closes the gap between the neighbours."""
    (ROOT / "notebooks" / f"{name}.ipynb").unlink(missing_ok=True)
    for folder in ("support/exercises", "tests/answers"):
        shutil.rmtree(ROOT / folder / package(name), ignore_errors=True)
    for each in notebooks():
        navigate(each)


if __name__ == "__main__":
    main(sys.argv[1:])
