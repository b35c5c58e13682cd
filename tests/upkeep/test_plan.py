"""The README's tables for teachers are the notebooks', and its days add up."""

import re
from itertools import groupby, pairwise

import course
import pytest

from support.upkeep import plan
from support.upkeep.plan import BREAK, LUNCH, Exercises, Lesson, Row

README = plan.README.read_text(encoding="utf-8")
MINE = re.compile(r"^\| \[\S+\]\(notebooks/(\S+)\) \|.* (\d+) \| (\d+) \|$", re.MULTILINE)
LONGEST = 100  # minutes without a break
END = 18 * 60


def lesson(number: str, minutes: int = 40, exercises: int = 40) -> Lesson:
    """A lesson, which takes as long as one may."""
    return Lesson(course.ROOT / "notebooks" / f"{number}-name.ipynb", "A", "가", minutes, exercises)


COURSE = [lesson("0", 25, 5), *map(lesson, ("1.1", "1.2", "2.1", "2.2", "3.1", "3.2", "3.3", "3.4"))]


def test_the_tables_are_the_notebooks():
    assert plan.filled(README) == README, "README.md tells other minutes than the notebooks: run `make format`"


def test_the_minutes_are_those_of_the_titles():
    told = MINE.findall(README)
    assert len(told) == 2 * len(course.NOTEBOOKS)
    for name, minutes, exercises in told:
        title = course.read(course.ROOT / "notebooks" / name).cells[0].source
        assert f"\n{minutes} minutes, and {exercises} more" in title
        assert f"\n읽고 실행하는 데 {minutes}분, 연습에 {exercises}분" in title


@pytest.mark.parametrize("entries", [entries for days in plan.DAYS.values() for entries in days])
def test_a_day_has_breaks_and_an_end(entries):
    rows = plan.day(entries, COURSE)
    assert plan.NINE + sum(row.minutes for row in rows) <= END
    assert rows.count(LUNCH) == 1
    for resting, stretch in groupby(rows, lambda row: row in (BREAK, LUNCH)):
        assert resting or sum(row.minutes for row in stretch) <= LONGEST
    for before, exercises in pairwise(entries):
        if isinstance(exercises, Exercises) and before not in (BREAK, LUNCH):
            assert before == exercises.number


def test_the_times_follow_from_the_minutes():
    entries = [BREAK, "1.1", Exercises("1.1", 15), BREAK, "9.9", Exercises("9.9"), LUNCH, "1.1", LUNCH]
    rows = plan._schedule([entries], [first := lesson("1.1")], "en")
    assert rows.splitlines()[2:] == [
        f"| 09:00 | {first.link} | 40 |",
        "| 09:40 | exercises of 1.1, 15 of 40 min | 15 |",
        "| 09:55 | break | 15 |",
        f"| 10:10 | {first.link} | 40 |",
        "| 10:50 | lunch | 60 |",
        "| 11:50 | end | |",
    ]


def test_a_stale_table_is_replaced_and_a_missing_place_named():
    stale = re.sub(r"\| \d+ \| \d+ \|$", "| 1 | 1 |", README, flags=re.MULTILINE)
    assert stale != README
    assert plan.filled(stale) == README
    with pytest.raises(ValueError, match="one-day-ko"):
        plan.filled(README.replace("<!-- one-day-ko -->", ""))


def test_rows_say_the_same_in_both_languages():
    for row in (BREAK, LUNCH, plan.QUESTIONS):
        assert isinstance(row, Row)
        assert re.search("[가-힣]", row.ko)
        assert not re.search("[가-힣]", row.en)
