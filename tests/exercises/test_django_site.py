"""The project that 4.2 lays out is the one that 4.1 writes, cell by cell."""

import course

from support.exercises.practice_origins_and_threads.project import SITE
from support.upkeep.readable import body

LESSON = course.ROOT / "notebooks" / "4-practice" / "4.1-django-chat.ipynb"


def test_each_file_is_as_the_lesson_writes_it():
    cells = {cell.source.partition("\n")[0]: cell for cell in course.read(LESSON).cells if cell.cell_type == "code"}
    files = [file for file in SITE.rglob("*.*") if "__pycache__" not in file.parts]
    assert len(files) == 7
    for file in files:
        name = file.relative_to(SITE).as_posix()
        assert body(cells[f"%%writefile {name}"]) == file.read_text("utf-8"), f"{name}: copy the lesson's cell"
