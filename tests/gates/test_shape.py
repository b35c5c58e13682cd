"""The gate "shape": a lesson has its parts, each where a reader expects it, and takes the minutes that it says.

Each rule finds what offends it and says in one sentence what to write.
"""

import re
from collections.abc import Iterator

import course
import nbformat
import pytest

from support.upkeep import lesson
from support.upkeep.readable import Complaint

MOST_MINUTES, MOST_FOR_EXERCISES = 40, 45  # 2.4 has three, which whoever tried them could not do in 40
CAPSTONES = ("1.5-", "2.5-", "4.6-")  # may take twice that, in sittings
SECTIONS = ("Break it", "Exercise", "What the internet says", "Recap")
RHYTHM = (("Predict.", "예측."), ("Look.", "관찰."), ("Explain.", "설명."))
VERDICTS = {
    "**holds**": "**맞습니다.**",
    "**holds if": "**조건부로 맞습니다.**",
    "**no longer**": "**이제는 아닙니다.**",
    "**never did**": "**처음부터 틀린 말입니다.**",
}
CLAIMS = {
    int(number): lessons
    for number, lessons in re.findall(
        r"^\| (\d+) \|.*\| ([^|]*) \|$", (course.ROOT / "notebooks/claims.md").read_text("utf-8"), re.MULTILINE
    )
}
# Product and version as the lock has them: "shown on gunicorn 27.0" is said of the gunicorn that ran.
LOCK = (course.ROOT / "support/upkeep/requirements.lock").read_text(encoding="utf-8")
LOCKED = dict(re.findall(r"^([a-z-]+)==([\d.]+)", LOCK, re.MULTILINE))


@pytest.mark.parametrize("path", course.NOTEBOOKS, ids=course.name)
def test_a_notebook_has_its_parts(path):
    found = [Complaint(*wrong) for rule in (*COMMON, *_further(path)) for wrong in rule(path, course.read(path))]
    course.judge(path, found)


def _further(path) -> tuple:
    return LESSON if path in course.LESSONS else ()


def unwritten(path, notebook) -> Iterator[tuple[str, str, str]]:
    for cell in notebook.cells:
        if left := re.findall(r"✎[^✎\n|]*", cell.source):
            yield cell.id, "unwritten", f"write this, and take the ✎ away: {'; '.join(each.strip() for each in left)}"


def opening(path, notebook) -> Iterator[tuple[str, str, str]]:
    title = notebook.cells[0]
    number = path.stem.partition("-")[0]
    if not title.source.startswith(f"# {number} "):
        yield title.id, "verbs", f"begin the title with '# {number} ', so that an outline says which lesson it is"
    verbs = re.findall(r"^- .*\*\*", course.prose(title).en, re.MULTILINE)
    if not 3 <= len(verbs) <= 5:
        yield (
            title.id,
            "verbs",
            f"list three to five things one can do afterwards, each with a **verb** (now {len(verbs)})",
        )


def times(path, notebook) -> Iterator[tuple[str, str, str]]:
    title, factor = notebook.cells[0], 2 if path.stem.startswith(CAPSTONES) else 1
    tasks = [(cell, lesson.exercise_minutes(cell)) for cell in notebook.cells if _is_task(cell)]
    for cell, minutes in tasks:
        if minutes is None:
            yield cell.id, "exercise-minutes", "end both halves of the heading with its minutes: (15 min) · …(15분)"
    needed, besides = lesson.minutes(notebook), sum(minutes or 0 for _, minutes in tasks)
    told = f"{needed} minutes, and {besides} more", f"읽고 실행하는 데 {needed}분, 연습에 {besides}분 더"
    if not all(each in title.source for each in told):
        yield (
            title.id,
            "minutes",
            f"write '{told[0]} …' and '{told[1]} …' (`make format` corrects the figures)",
        )
    if needed > MOST_MINUTES * factor:
        yield title.id, "too-long", f"{needed} minutes: move something to another lesson or into a fold"
    if besides > MOST_FOR_EXERCISES * factor:
        yield title.id, "exercise-minutes", f"the exercises take {besides} minutes: make one smaller or move it"


def _is_task(cell) -> bool:
    return cell.cell_type == "markdown" and re.match(r"#+ .*\bExercise\b", cell.source) is not None


def neighbours(path, notebook) -> Iterator[tuple[str, str, str]]:
    title, (english, korean) = notebook.cells[0], lesson.navigation(path)
    lines = title.source.splitlines()
    if english not in lines or korean not in lines:
        yield (
            title.id,
            "neighbours",
            f"end the halves with '{english}' and '{korean}' (`make format` corrects them)",
        )


def mark(path, notebook) -> Iterator[tuple[str, str, str]]:
    if notebook.metadata.get("course") != lesson.COURSE:
        sentence = "the extension takes it for a stranger's notebook: run `make format`, which marks it in its metadata"
        yield notebook.cells[0].id, "mark", sentence


def closing(path, notebook) -> Iterator[tuple[str, str, str]]:
    last = notebook.cells[-1]
    if not ("Recap" in last.source and "|" in last.source and "Further reading" in last.source):
        yield last.id, "recap", "end with a cell '## N. Recap · 정리': a table, then 'Further reading:' with links"


def sections(path, notebook) -> Iterator[tuple[str, str, str]]:
    headings = [cell.source.splitlines()[0] for cell in notebook.cells if cell.source.startswith("#")]
    places = [next((n for n, heading in enumerate(headings) if section in heading), None) for section in SECTIONS]
    mine = [number for number, lessons in CLAIMS.items() if _name(path) in lessons]
    for section, place in zip(SECTIONS, places, strict=True):
        if place is None and (mine or section != "What the internet says"):
            yield notebook.cells[0].id, "sections", f"give the lesson a section with '{section}' in its heading"
    there = [place for place in places[1:] if place is not None]
    if there != sorted(there):
        yield notebook.cells[0].id, "sections", f"put the sections into this order: {', '.join(SECTIONS[1:])}"


def rhythm(path, notebook) -> Iterator[tuple[str, str, str]]:
    text = [course.prose(cell) for cell in notebook.cells if cell.cell_type == "markdown"]
    for english, korean in RHYTHM:
        count = [
            sum(each.en.count(f"**{english}**") for each in text),
            sum(each.ko.count(f"**{korean}**") for each in text),
        ]
        if count[0] != count[1] or count[0] < 2:
            yield (
                notebook.cells[0].id,
                "rhythm",
                f"write **{english}** and **{korean}** equally often, twice at least: {count}",
            )


def order(path, notebook) -> Iterator[tuple[str, str, str]]:
    """Look and Explain stand under the output that they speak of."""
    before = None
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            looks = [cell.source.find(f"**{word}**") for word in ("Look.", "Explain.") if f"**{word}**" in cell.source]
            if looks and cell.source.startswith("#"):
                yield (
                    cell.id,
                    "heading-place",
                    "Look and Explain belong above this heading: move them up",
                )
            elif looks and (before is None or (before.cell_type == "markdown" and "**Predict.**" in before.source)):
                yield cell.id, "look-place", "Look stands right under the output that it speaks of: move it there"
        before = cell


def claims(path, notebook) -> Iterator[tuple[str, str, str]]:
    mine = {number for number, lessons in CLAIMS.items() if _name(path) in lessons}
    tagged = [
        (n, int(tag[6:])) for n, c in enumerate(notebook.cells) for tag in course.tags(c) if tag.startswith("claim:")
    ]
    title = notebook.cells[0].id
    for number in mine - {number for _, number in tagged}:
        yield title, "claim", f"claims.md gives claim {number} to this lesson: add it, in a cell tagged claim:{number}"
    for place, number in tagged:
        cell, text = notebook.cells[place], course.prose(notebook.cells[place])
        if number not in mine:
            yield cell.id, "claim", f"claims.md does not give claim {number} to this lesson: add {_name(path)} there"
        said, told = _passage(text.en, f"**Claim {number}.**"), _passage(text.ko, f"**주장 {number}.**")
        verdicts = [en for en, ko in VERDICTS.items() if en in said and ko in told]
        if len(verdicts) != 1:
            yield cell.id, "claim", f"give claim {number} one verdict, in both languages: {', '.join(VERDICTS)}"
        beside = notebook.cells[max(0, place - 1) : place + 2]
        if not any(near.cell_type == "code" and near.outputs for near in beside):
            yield cell.id, "claim", f"show claim {number} in a code cell right beside its verdict"


def _name(path) -> str:
    return f"`{course.name(path).removesuffix('.ipynb')}`"


def _passage(text: str, beginning: str) -> str:
    """What a half says of one claim: from its number to the next one's."""
    return re.split(r"\*\*(?:Claim|주장) \d", text.partition(beginning)[2])[0]


def versions(path, notebook) -> Iterator[tuple[str, str, str]]:
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            for product, version in re.findall(r"\b(daphne|gunicorn|uvicorn|hypercorn) (\d+(?:\.\d+)+)", cell.source):
                if not f"{LOCKED[product]}.".startswith(f"{version}."):
                    yield (
                        cell.id,
                        "version",
                        f"write {product} {LOCKED[product]}, which ran, not {version}",
                    )


def links(path, notebook) -> Iterator[tuple[str, str, str]]:
    for cell in notebook.cells:
        for target in re.findall(r"\]\(([^):]+\.(?:ipynb|md))\)", cell.source):
            if not (path.parent / target).exists():
                yield cell.id, "link", f"{target} leads nowhere: write the path from {path.parent.name}/"


COMMON = (unwritten, opening, times, neighbours, mark, closing, rhythm, order, versions, links)
LESSON = (sections, claims)


def test_next_leads_from_the_first_notebook_to_the_last_and_previous_back():
    for word, walk in (("Next", course.NOTEBOOKS), ("Previous", course.NOTEBOOKS[::-1])):
        walked = [walk[0]]
        while found := re.search(rf"\b{word}: \[[^]]*\]\(([^)]*)\)", course.read(walked[-1]).cells[0].source):
            walked.append((walked[-1].parent / found[1]).resolve())
            assert len(walked) <= len(walk), f"'{word}:' goes round in circles from {walked[-1]}: run `make format`"
        assert walked == walk, f"'{word}:' does not lead through {list(map(course.name, walk))}: run `make format`"


def test_every_notebook_is_on_the_map():
    text = course.read(course.NOTEBOOKS[0]).cells
    links = set(re.findall(r"\]\(([^):]+\.ipynb)\)", next(cell.source for cell in text if cell.id == "map")))
    missing = {course.name(path) for path in course.LESSONS} - links
    assert not missing, f"add a row with a link to the map of 0-start-here: {sorted(missing)}"


def test_the_readme_leads_somewhere_and_says_the_same_in_both_languages():
    text = (course.ROOT / "README.md").read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^):#]+)\)", text):
        assert (course.ROOT / target).exists(), f"README.md: {target} leads nowhere, mend the link"
    _, english, korean = re.split(r"^## (?:English|한국어)$", text, flags=re.MULTILINE)
    for what in (r"^### ", r"^- ", r"^\|", r"^```.*?^```", r"`[^`\n]+`"):
        counts = [len(re.findall(what, half, re.MULTILINE | re.DOTALL)) for half in (english, korean)]
        assert counts[0] == counts[1], f"README.md: both halves need as many {what}, now {counts}: add what is missing"


GOOD_TITLE = "# 1.3 A · 가\n\n" + "".join(
    f'<div lang="{language}">\n\n- **a** b\n- **c** d\n- **e** f\n\n{told}\n\n{{{language}}}\n\n</div>\n'
    for language, told in (("en", "5 minutes, and 0 more for"), ("ko", "읽고 실행하는 데 5분, 연습에 0분 더"))
)
LOOK = '<div lang="en">\n\n**Look.** x\n\n</div>'


@pytest.mark.parametrize(
    ("rule", "said", "sources"),
    [
        (unwritten, "unwritten", ["✎ say"]),
        (opening, "verbs", ["# 1. A · 가"]),
        (times, "minutes", ["# 1.3 A · 가"]),
        (times, "too-long", ["# 1.3 A · 가", f'<div lang="en">\n\n{"word " * 4900}\n\n</div>']),
        (times, "exercise-minutes", ["# 1.3 A · 가", "## 1. Exercise: a · 연습: 가"]),
        (times, "exercise-minutes", ["# 1.3 A · 가", "## 1. Exercise: a (50 min) · 연습: 가(50분)"]),
        (mark, "mark", ["# 1.3 A · 가"]),
        (closing, "recap", ["# 1.3 A · 가"]),
        (sections, "sections", ["# 1.3 A · 가", "## 1. Recap · 정리", "## 2. Exercise: a · 연습: 가"]),
        (rhythm, "rhythm", [LOOK]),
        (order, "heading-place", [f"## 1. A · 가\n\n{LOOK}"]),
        (order, "look-place", [LOOK]),
        (claims, "claim", ["# 1.3 A · 가"]),
        (versions, "version", ["gunicorn 1.2.3"]),
        (links, "link", ["[a](nowhere.ipynb)"]),
    ],
)
def test_each_rule_finds_what_it_is_for(rule, said, sources):
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell(source) for source in sources])
    path = course.ROOT / "notebooks" / "1-wsgi" / "1.1-contract.ipynb"
    found = list(rule(path, notebook))
    assert said in {name for _, name, _ in found}, f"the rule {said} no longer finds it: mend test_shape.py"
    assert all(len(sentence) > 20 for _, _, sentence in found), "a complaint says what to write: give it words"
