"""The README's tables for teachers, made from the notebooks: the minutes of each lesson, and plans of whole days.

Each stands in README.md between `<!-- NAME -->` and `<!-- /NAME -->`; `make format` writes them, and
tests/upkeep/test_plan.py is red where they are no longer those of the notebooks.
"""

import re
from dataclasses import dataclass
from pathlib import Path

import nbformat

from .lesson import exercise_minutes, minutes
from .refresh import ROOT, notebooks

README = ROOT / "README.md"
NINE = 9 * 60  # minutes after midnight


@dataclass(frozen=True)
class Lesson:
    """What a teacher asks of a lesson: where it is, how it is called, and its minutes."""

    path: Path
    en: str
    ko: str
    minutes: int
    exercises: int

    @property
    def link(self) -> str:
        """A link from the README."""
        return f"[{self.path.stem}]({self.path.relative_to(ROOT).as_posix()})"


@dataclass(frozen=True)
class Row:
    """One row of a day: what is done, in both languages, and for how many minutes."""

    en: str
    ko: str
    minutes: int


@dataclass(frozen=True)
class Exercises:
    """Time for the exercises of a lesson; what is over waits for the evening."""

    number: str
    most: int = 1000  # minutes: more than the exercises of any lesson take


BREAK, LUNCH = Row("break", "쉬는 시간", 15), Row("lunch", "점심", 60)
QUESTIONS = Row("questions", "질문과 답", 15)
# A lesson is its number. One that is not written yet is left out, with its exercises.
DAYS = {
    "one-day": [
        [
            "0", Exercises("0"), "1.1", Exercises("1.1", 20), BREAK, "1.2", Exercises("1.2", 20), "2.1", LUNCH,
            Exercises("2.1", 20), "2.2", Exercises("2.2", 20), BREAK, "3.3", Exercises("3.3", 20), BREAK,
            "3.4", Exercises("3.4"), QUESTIONS,
        ],
    ],
    "two-days": [
        [
            "0", Exercises("0"), "1.1", BREAK, Exercises("1.1"), "1.2", LUNCH, Exercises("1.2"), "2.1", BREAK,
            Exercises("2.1"), "2.2", BREAK, Exercises("2.2"), QUESTIONS,
        ],
        [
            "3.1", Exercises("3.1"), BREAK, "3.2", Exercises("3.2"), LUNCH, "3.3", Exercises("3.3"), BREAK,
            "3.4", Exercises("3.4"), QUESTIONS,
        ],
    ],
}  # fmt: skip


def lessons() -> list[Lesson]:
    """The lessons of the course, in its order."""
    found = []
    for path in notebooks():
        notebook = nbformat.read(path, as_version=4)
        _, english, korean = re.split(r"^# \S+ | · ", notebook.cells[0].source.splitlines()[0])
        besides = sum(filter(None, map(exercise_minutes, notebook.cells)))
        found.append(Lesson(path, english, korean, minutes(notebook), besides))
    return found


def day(entries: list, course: list[Lesson]) -> list[Row]:
    """The rows of one day. Where lessons are left out, so is a rest after nothing or after another rest."""
    by_number = {lesson.path.stem.partition("-")[0]: lesson for lesson in course}
    rows = []
    for entry in entries:
        if entry in (BREAK, LUNCH) and (not rows or rows[-1] in (BREAK, LUNCH)):
            continue
        if isinstance(entry, Row):
            rows.append(entry)
        elif isinstance(entry, Exercises) and entry.number in by_number:
            rows.append(_exercises(entry, by_number[entry.number]))
        elif entry in by_number:
            rows.append(Row(by_number[entry].link, by_number[entry].link, by_number[entry].minutes))
    return rows


def _exercises(entry: Exercises, lesson: Lesson) -> Row:
    given, number = min(entry.most, lesson.exercises), entry.number
    if given == lesson.exercises:
        return Row(f"exercises of {number}", f"{number} 연습", given)
    whole = lesson.exercises
    return Row(f"exercises of {number}, {given} of {whole} min", f"{number} 연습({whole}분 가운데 {given}분)", given)


def _clock(moment: int) -> str:
    return f"{moment // 60:02}:{moment % 60:02}"


def _schedule(days: list, course: list[Lesson], language: str) -> str:
    """The tables of a plan, one a day, each from nine o'clock to its end."""
    titles = {"en": ("Day 1", "Day 2"), "ko": ("첫째 날", "둘째 날")}[language] if len(days) > 1 else ("",)
    head, end = {"en": ("| from | what | min |", "end"), "ko": ("| 시작 | 할 일 | 분 |", "끝")}[language]
    made = []
    for title, entries in zip(titles, days, strict=True):
        lines, moment = [head, "|---|---|---:|"], NINE
        for row in day(entries, course):
            lines.append(f"| {_clock(moment)} | {getattr(row, language)} | {row.minutes} |")
            moment += row.minutes
        lines.append(f"| {_clock(moment)} | {end} | |")
        made.append((f"**{title}**\n\n" if title else "") + "\n".join(lines))
    return "\n\n".join(made)


def _minutes(course: list[Lesson], language: str) -> str:
    heads = {
        "en": ("lesson", "what it is about", "min", "exercises"),
        "ko": ("레슨", "다루는 내용", "분", "연습(분)"),
    }[language]
    rows = [(each.link, getattr(each, language), each.minutes, each.exercises or "") for each in course]
    lines = ["| " + " | ".join(map(str, row)) + " |" for row in (heads, *rows)]
    return "\n".join([lines[0], "|---|---|---:|---:|", *lines[1:]])


def tables() -> dict[str, str]:
    """Each table by its name in the README: minutes-en, one-day-ko, …"""
    course = lessons()
    made = {f"minutes-{language}": _minutes(course, language) for language in ("en", "ko")}
    for name, days in DAYS.items():
        made |= {f"{name}-{language}": _schedule(days, course, language) for language in ("en", "ko")}
    return made


def filled(text: str) -> str:
    """The README's text with the tables as they are now. Raises ValueError if one has no place in it."""
    for name, table in tables().items():
        place = re.compile(rf"(<!-- {name} -->\n\n).*?(\n\n<!-- /{name} -->)", re.DOTALL)
        if not place.search(text):
            raise ValueError(f"README.md has no place for a table: write <!-- {name} --> and <!-- /{name} -->")
        text = place.sub(lambda found, table=table: f"{found[1]}{table}{found[2]}", text)
    return text


def write() -> None:
    """Brings the README's tables up to date."""
    before = README.read_text(encoding="utf-8")
    after = filled(before)
    if after != before:
        README.write_text(after, encoding="utf-8")
