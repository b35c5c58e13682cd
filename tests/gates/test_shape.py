"""The gate "shape": a lesson has its parts, and each part its size."""

import re
from statistics import median

import course
import pytest

MOST_WORDS = 120  # a prose cell, for each language; Korean words are longer, so it never has more of them
WIDEST = 120  # characters of a line of code: what JupyterLab shows on a laptop without scrolling
SECTIONS = ("Break it", "Exercise", "What the internet says", "Recap")
VERDICTS = {
    "**holds**": "**맞습니다**",
    "**holds if": "맞습니다**",
    "**no longer**": "**이제는 아닙니다**",
    "**never did**": "**맞은 적이 없습니다**",
}
CLAIMS = {
    int(number): lessons
    for number, lessons in re.findall(
        r"^\| (\d+) \|.*\| ([^|]*) \|$", (course.ROOT / "notebooks/claims.md").read_text("utf-8"), re.MULTILINE
    )
}

# Product and version as the lock has them: "shown on gunicorn 27.0" is said of the gunicorn that ran.
LOCKED = dict(
    re.findall(r"^([a-z-]+)==([\d.]+)", (course.ROOT / "support/upkeep/requirements.lock").read_text(), re.MULTILINE)
)


def words(text: str) -> int:
    """The words of a half, without code fences, addresses and markup."""
    return len(re.sub(r"```.*?```|\]\([^)]*\)|<[^>]*>|[|*#-]", " ", text, flags=re.DOTALL).split())


@pytest.mark.parametrize("path", course.LESSONS, ids=course.name)
def test_a_lesson_has_its_size(path):
    code, prose = course.code_cells(path), course.prose_cells(path)
    assert 25 <= len(code) + len(prose) <= 40
    assert 0.7 <= len(prose) / len(code) <= 1.6
    assert median(len(cell.source.splitlines()) for cell in code) <= 5


@pytest.mark.parametrize("path", course.NOTEBOOKS, ids=course.name)
def test_no_cell_is_long(path):
    long = [cell.id for cell in course.code_cells(path) if len(cell.source.splitlines()) > 20]
    long += [cell.id for cell in course.code_cells(path) if max(map(len, cell.source.splitlines())) > WIDEST]
    for cell in course.prose_cells(path):
        text = course.prose(cell)
        long += [
            f"{cell.id} ({half}: {count})"
            for half, count in (("en", words(text.en)), ("ko", words(text.ko)))
            if count > MOST_WORDS
        ]
    assert not long


@pytest.mark.parametrize("path", course.NOTEBOOKS, ids=course.name)
def test_it_opens_and_closes_as_every_notebook_does(path):
    first, last = course.prose_cells(path)[0], course.prose_cells(path)[-1]
    assert first.source.startswith("# ") and len(re.findall(r"^- .*\*\*", course.prose(first).en, re.MULTILINE)) in (
        3,
        4,
        5,
    )
    assert "minutes" in first.source and "분" in first.source and ".ipynb)" in first.source
    assert "Recap" in last.source and "|" in last.source and "Further reading" in last.source


@pytest.mark.parametrize("path", course.LESSONS, ids=course.name)
def test_a_lesson_has_its_sections_in_order(path):
    headings = [cell.source.splitlines()[0] for cell in course.prose_cells(path) if cell.source.startswith("#")]
    places = [next((n for n, heading in enumerate(headings) if section in heading), None) for section in SECTIONS]
    assert None not in places, dict(zip(SECTIONS, places, strict=True))
    assert places[1:] == sorted(places[1:])  # things are broken wherever there is something to break


@pytest.mark.parametrize("path", course.NOTEBOOKS, ids=course.name)
def test_the_reader_predicts_before_a_cell_is_run_and_is_told_why_after(path):
    text = "\n".join(course.prose(cell).en for cell in course.prose_cells(path))
    korean = "\n".join(course.prose(cell).ko for cell in course.prose_cells(path))
    for english, hangul in (("Predict.", "예측."), ("Look.", "관찰."), ("Explain.", "설명.")):
        assert text.count(f"**{english}**") == korean.count(f"**{hangul}**") >= 2


@pytest.mark.parametrize("path", course.LESSONS, ids=course.name)
def test_each_claim_of_a_lesson_has_its_verdict_beside_a_cell_that_shows_it(path):
    mine = {number for number, lessons in CLAIMS.items() if f"`{course.name(path).removesuffix('.ipynb')}`" in lessons}
    cells = course.read(path).cells
    found = {}
    for place, cell in enumerate(cells):
        for tag in course.tags(cell):
            if tag.startswith("claim:"):
                found[int(tag.removeprefix("claim:"))] = place
    assert set(found) == mine
    for number, place in found.items():
        text = course.prose(cells[place])
        said, told = passage(text.en, f"**Claim {number}.**"), passage(text.ko, f"**주장 {number}.**")
        verdicts = [en for en, ko in VERDICTS.items() if en in said and ko in told]
        assert len(verdicts) == 1, f"claim {number} has {len(verdicts)} verdicts"
        beside = cells[max(0, place - 1) : place + 2]
        assert any(near.cell_type == "code" and near.outputs for near in beside), f"claim {number} is not shown"


def passage(text: str, beginning: str) -> str:
    """What a half says of one claim: from its number to the next one's."""
    assert beginning in text
    return re.split(r"\*\*(?:Claim|주장) \d", text.partition(beginning)[2])[0]


@pytest.mark.parametrize("path", course.NOTEBOOKS, ids=course.name)
def test_a_version_of_a_python_server_that_the_prose_names_is_the_locked_one(path):
    for cell in course.prose_cells(path):
        for product, version in re.findall(r"\b(daphne|gunicorn|uvicorn) (\d+(?:\.\d+)+)", cell.source):
            assert f"{LOCKED[product]}.".startswith(f"{version}."), f"{cell.id}: {product} {version}"


@pytest.mark.parametrize("path", course.NOTEBOOKS, ids=course.name)
def test_links_between_notebooks_lead_somewhere(path):
    for target in re.findall(
        r"\]\(([^):]+\.(?:ipynb|md))\)", "\n".join(cell.source for cell in course.prose_cells(path))
    ):
        assert (path.parent / target).exists(), target


def test_the_readme_leads_somewhere_and_says_the_same_in_both_languages():
    text = (course.ROOT / "README.md").read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^):#]+)\)", text):
        assert (course.ROOT / target).exists(), target
    _, english, korean = re.split(r"^## (?:English|한국어)$", text, flags=re.MULTILINE)
    for what in (r"^### ", r"^- ", r"^\|", r"^```.*?^```", r"`[^`\n]+`"):
        counts = [len(re.findall(what, half, re.MULTILINE | re.DOTALL)) for half in (english, korean)]
        assert counts[0] == counts[1], f"{what}: {counts}"
