"""The gate "both languages": what can be checked without understanding either.

Checked, cell by cell: both halves are there; the same inline code, numbers, links, code fences, list and table
shapes; Hangul in the Korean half and not in the English one; one heading, in both languages, outside the
halves; lengths that fit each other; words as the glossary has them.

A half may have what its readers alone need: the Korean edition of a linked page, and one box of the searches that
bring a Korean engineer here, each with the place that answers it.

Blind to, on purpose: meaning, tone, and order (Korean puts the same things elsewhere in a sentence), numbers
that are written as words, and a stale half whose numbers, code and length happen to agree. People read for those.
"""

import re
from collections import Counter

import course
import mistune
import nbformat
import pytest

HANGUL = re.compile(r"[가-힣]")
# Korean characters for each English one, over all finished cells of more than 80 characters.
SHORTEST, LONGEST = 0.30, 0.85
ALLOWED_IN_ENGLISH = {"한국어"}  # the language's own name, on the selector
# Pages that exist in Korean are linked in Korean: the same link as their English edition.
EDITIONS = re.compile(r"(docs\.python\.org|docs\.djangoproject\.com|developer\.mozilla\.org)/(ko|en|en-US)/")
SEARCHES = "> **이렇게 검색해서 오셨나요?**"
BOX = re.compile(rf"^{re.escape(SEARCHES)}\n(?:>.*\n)*", re.MULTILINE)

PROSE = [
    pytest.param(path, cell, id=f"{course.name(path)}:{cell.id}")
    for path in course.NOTEBOOKS
    for cell in course.prose_cells(path)
]


def parts(markdown: str) -> Counter:
    """What must be equal in both halves of a cell, counted: code, links, fences, and the shapes of lists and tables."""
    counted = Counter()

    def walk(tokens, path=""):
        for token in tokens:
            kind, text = token["type"], token.get("raw", "")
            if kind == "codespan":
                counted["code", text] += 1
            elif kind in ("link", "image"):
                counted["link", EDITIONS.sub(r"\1/", token["attrs"]["url"])] += 1
            elif kind == "block_code":
                counted["fence", text] += 1
            elif kind in ("list", "table_row", "table_head", "block_quote"):
                counted[kind, len(token.get("children", ()))] += 1
            elif kind in ("strong", "emphasis"):
                counted[kind] += 1
            elif kind in ("inline_html", "block_html"):
                counted.update(("tag", tag) for tag in re.findall(r"</?\w+", text))
            walk(token.get("children") or (), kind)

    walk(mistune.create_markdown(renderer=None, plugins=["table"])(markdown))
    return counted


def numbers(markdown: str) -> Counter:
    """The numbers written in digits outside code and addresses."""
    bare = re.sub(r"```.*?```|`[^`]*`|\]\([^)]*\)", " ", markdown, flags=re.DOTALL)
    return Counter(re.findall(r"\d+(?:[.,]\d+)*", bare))


def differences(cell) -> list[str]:
    """What is wrong with the two halves of a prose cell; nothing for a good one."""
    text = course.prose(cell)
    if not (text.en.strip() and text.ko.strip()):
        return ["a half is missing (or a blank line inside its <div> is)"]
    korean, found = BOX.sub("", text.ko, count=1), searches(text.ko)
    for half, body in (("en", text.en), ("ko", text.ko)):
        if not (body.startswith("\n") and body.endswith("\n")):
            found.append(f"{half}: a blank line is missing at an edge of the <div>, so Markdown is not rendered")
        if re.search(r"^#+ ", re.sub(r"```.*?```", "", body, flags=re.DOTALL), re.MULTILINE):
            found.append(f"{half}: a heading inside the <div> is listed twice in the table of contents")
    for what, difference in (("en", parts(text.en) - parts(korean)), ("ko", parts(korean) - parts(text.en))):
        found += [f"only in {what}: {thing} × {count}" for thing, count in difference.items()]
    for what, difference in (("en", numbers(text.en) - numbers(korean)), ("ko", numbers(korean) - numbers(text.en))):
        found += [f"only in {what}: the number {number}" for number in difference]
    stray = set(re.findall(r"[가-힣]+", text.en)) - ALLOWED_IN_ENGLISH
    if stray:
        found.append(f"en: Hangul {stray}")
    if any(language == "ko" for _, language in EDITIONS.findall(text.en)):
        found.append("en: a link leads to a Korean edition")
    found += headings(text.outside)
    ratio = length(korean) / length(text.en)
    if length(text.en) > 80 and not SHORTEST <= ratio <= LONGEST:
        found.append(f"lengths do not fit: {length(korean)} characters of Korean for {length(text.en)} of English")
    return found


def searches(korean: str) -> list[str]:
    """What is wrong with the box of searches: it holds a list of them, each with where the answer stands, only."""
    box = BOX.search(korean)
    lines = box[0].splitlines()[1:] if box else []
    return [f"ko: not 'search → place' in the box: {line}" for line in lines if not re.match(r">( - .+ → .+)?$", line)]


def headings(outside: str) -> list[str]:
    """What is wrong with what stands outside the language blocks: at most one heading, in both languages."""
    bare = re.sub(r"```.*?```", "", outside, flags=re.DOTALL)
    lines = re.findall(r"^#+ (.*)$", bare, re.MULTILINE)
    found = [f"{len(lines)} headings in one cell"] if len(lines) > 1 else []
    for line in lines:
        english, dot, korean = line.partition(" · ")
        if not dot or HANGUL.search(english) or not HANGUL.search(korean):
            found.append(f"heading is not 'English · 한국어': {line}")
    rest = re.sub(r"<details>|</details>|<summary>[^<]* · [^<]*</summary>|^#+ .*$", "", bare, flags=re.MULTILINE)
    if rest.strip():
        found.append(f"stands outside both languages: {rest.strip()[:60]}")
    return found


def length(markdown: str) -> int:
    """The letters of the prose, without code, addresses and markup."""
    bare = re.sub(r"```.*?```|`[^`]*`|\]\([^)]*\)|<[^>]*>", "", markdown, flags=re.DOTALL)
    return len(re.findall(r"[^\W\d_]", bare))


@pytest.mark.parametrize(("path", "cell"), PROSE)
def test_both_halves_say_the_same(path, cell):
    wrong = differences(cell)
    assert not wrong, f"{course.name(path)} {cell.id}: make both halves say the same\n" + "\n".join(wrong)


GLOSSARY = [
    [part.strip() for part in line.strip("|\n ").split("|")]
    for line in (course.ROOT / "notebooks" / "glossary.md").read_text(encoding="utf-8").splitlines()
    if line.startswith("|") and not line.startswith(("| term", "|---"))
]


def test_the_glossary_is_whole():
    assert all(len(row) == 5 or len(row) == 4 for row in GLOSSARY), (
        f"glossary.md: give each row its five columns: {[row for row in GLOSSARY if len(row) not in (4, 5)]}"
    )
    terms = [row[0] for row in GLOSSARY]
    assert len(set(terms)) == len(terms), (
        f"glossary.md: one row a term, take the others out: {[term for term, n in Counter(terms).items() if n > 1]}"
    )
    mixed = [row[0] for row in GLOSSARY if HANGUL.search(row[2]) or not HANGUL.search(row[3])]
    assert not mixed, f"glossary.md: write the meaning in English, then in Korean: {mixed}"


@pytest.mark.parametrize("path", course.NOTEBOOKS, ids=course.name)
def test_words_are_the_glossarys(path):
    """No spelling that the glossary rules out. Whether a term stands beside its twin at first use, people read for."""
    korean = "\n".join(course.prose(cell).ko for cell in course.prose_cells(path))
    for term, word, *_, wrong in (row for row in GLOSSARY if len(row) == 5):
        for spelling in filter(None, map(str.strip, wrong.split(","))):
            assert spelling not in korean, f"write {word} for {spelling}: the glossary says so ({term})"


def cell(en: str, ko: str, heading: str = "## 1. A · 가"):
    """A prose cell with the two halves."""
    return nbformat.v4.new_markdown_cell(
        f'{heading}\n\n<div lang="en">\n\n{en}\n\n</div>\n<div lang="ko">\n\n{ko}\n\n</div>'
    )


GOOD = ("A `x` is 1, see [a](b).\n\n- one\n- two", "`x`는 1입니다. [가](b)를 보세요.\n\n- 하나\n- 둘")


@pytest.mark.parametrize(
    ("mutant", "said"),
    [
        (cell(GOOD[0], GOOD[1].replace("`x`", "`y`")), "'y'"),
        (cell(GOOD[0], GOOD[1].replace("1", "2")), "the number 2"),
        (cell(GOOD[0], GOOD[1].replace("](b)", "](c)")), "'c'"),
        (cell(GOOD[0], GOOD[1].replace("\n- 둘", "")), "list"),
        (cell(GOOD[0], ""), "missing"),
        (cell(GOOD[0] + " 한글", GOOD[1]), "Hangul"),
        (cell(GOOD[0], GOOD[1], "## 1. Only English"), "heading"),
        (cell(GOOD[0], GOOD[1] + "\n\n## 제목"), "heading inside"),
        (cell(GOOD[0] + "\n\n```python\na\n```", GOOD[1] + "\n\n```python\nb\n```"), "fence"),
        (cell(GOOD[0] + "\n\n|a|b|\n|-|-|\n|c|d|", GOOD[1] + "\n\n|a|\n|-|\n|c|"), "table"),
        (cell(GOOD[0] + " Then a sentence that only the English half has, and another one." * 2, GOOD[1]), "lengths"),
        (nbformat.v4.new_markdown_cell(cell(*GOOD).source + "\n\nstray"), "outside"),
    ],
)  # fmt: skip
def test_a_difference_is_found_and_named(mutant, said):
    assert not differences(cell(*GOOD)), "a good cell is complained of: mend differences()"
    assert any(said in line for line in differences(mutant)), (
        f"{said} is no longer found: mend differences(), which says {differences(mutant)}"
    )


@pytest.mark.parametrize(
    ("here", "there"),
    [
        ("docs.python.org/3/library", "docs.python.org/ko/3/library"),
        ("docs.djangoproject.com/en/5.2/topics", "docs.djangoproject.com/ko/5.2/topics"),
        ("developer.mozilla.org/en-US/docs/Web", "developer.mozilla.org/ko/docs/Web"),
    ],
)
def test_a_link_may_lead_to_the_korean_edition(here, there):
    def linked(english: str, korean: str):
        return cell(GOOD[0].replace("(b)", f"(https://{english})"), GOOD[1].replace("(b)", f"(https://{korean})"))

    assert not differences(linked(here, there)), f"a Korean edition is complained of: mend EDITIONS for {there}"
    assert differences(linked(here, there + "/other")), "another page is not found: mend EDITIONS"


SEARCHED = f"{GOOD[1]}\n\n{SEARCHES}\n>\n> - 웹 서버와 WAS의 차이 → [가](c) 3절\n> - 한글 깨짐 → [나](d)"


def test_a_box_of_searches_is_for_koreans_alone():
    assert not differences(cell(GOOD[0], SEARCHED)), "the box is complained of: mend BOX"


@pytest.mark.parametrize(
    ("en", "ko", "said"),
    [
        (GOOD[0], SEARCHED + "\n> - 답이 없는 검색어", "답이 없는"),
        (GOOD[0], SEARCHED + "\n> 영어에는 없는 설명입니다.", "영어에는 없는"),
        (GOOD[0], SEARCHED + "\n\n상자 밖의 3절", "the number 3"),
        (GOOD[0], f"{SEARCHED}\n\n{SEARCHES}\n>\n> - 또 → 다른 곳", "block_quote"),
        (GOOD[0], SEARCHED.replace(SEARCHES, "> **다른 상자**"), "block_quote"),
        (SEARCHED, SEARCHED, "Hangul"),
    ],
)
def test_nothing_else_is_for_koreans_alone(en, ko, said):
    found = differences(cell(en, ko))
    assert any(said in line for line in found), f"{said} is no longer found: mend BOX and searches(), which say {found}"


def test_an_english_half_links_no_korean_edition():
    linked = cell(*(half.replace("(b)", "(https://docs.python.org/ko/3/)") for half in GOOD))
    assert any("Korean edition" in line for line in differences(linked)), "it is not found: mend differences()"
