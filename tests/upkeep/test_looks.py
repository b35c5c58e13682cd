"""A lesson as it looks: nothing serious for axe-core, legible in both themes, nginx in its own colours."""

import itertools
import json
import shutil

import course
import learner
import pytest
from browser import CONTRAST
from learner import Cells, bilingual, code, prose, result
from playwright.sync_api import Page, expect

from support import waiting

THEMES = ("JupyterLab Light", "JupyterLab Dark")
OURS = [".bilingual-cells-choice", "[data-part]", ".lesson-foot", ".bench", ".bench-page"]
NGINX = """%%nginx site
location / { proxy_pass http://127.0.0.1:9; return 502; }"""
CONF = """%%writefile hybrid.conf
server { listen 80; }"""
CELLS = [
    prose(
        "ask",
        "## 1. One · 하나\n\n"
        + bilingual("**Predict.** What is `6 * 7`?\n\n- one\n- two", "**예측.** `6 * 7`은?\n\n- 하나\n- 둘"),
    ),
    code("sum", "6 * 7", result("42")),
    prose(
        "look", bilingual("**Look.** It is `42`.\n\n**Explain.** See.", "**관찰.** `42`입니다.\n\n**설명.** 봅시다.")
    ),
    code("shown", "6 * 7", result("42")),
    code("nginx", NGINX),
    code("conf", CONF),
    code("python", '%%writefile conf.py\nserver = "location { return; }"'),
    code("check", "print('✓')", result("✗ not yet"), "check:sum"),
    prose("more", "## 2. Two · 둘\n\n" + bilingual("**Predict.** And 2?", "**예측.** 그럼 2는?")),
]
TEXTS = (  # what the extension writes, in the order of the page
    "[data-part=predict] .lesson-label:visible",
    ".lesson-answer-name > .lesson-said",
    ".lesson-answer textarea",
    ".lesson-recall > .lesson-said",
    ".lesson-recall > p",
    "[data-part=look] .lesson-label:visible",
    "[data-part=explain] .lesson-label:visible",
    ".lesson-show",
    ".lesson-foot-passed:not(:empty)",
)
DONE = {"lesson.ipynb": {"passed": ["sum"], "ran": ["sum"], "exercises": 1, "cells": 6}}
COLOURED = """([number, wanted]) => {
    const cell = jupyterapp.shell.currentWidget.content.widgets[number].node;
    const plain = getComputedStyle(cell.querySelector('.cm-content')).color;
    const words = [...cell.querySelectorAll('.cm-line span')].filter(span => getComputedStyle(span).color !== plain);
    return wanted.every(word => words.some(span => span.textContent === word));
}"""

# What each table that is wider than its output begins with. A diagram is left out: its box scrolls.
CUT = """() => [...document.querySelectorAll('.jp-OutputArea-output table.bench:not(.diagram)')].filter(table => {
    const output = table.closest('.jp-OutputArea-output');
    return table.getBoundingClientRect().right > output.getBoundingClientRect().right + 1;
}).map(table => table.textContent.trim().slice(0, 80))"""
TABLES = "() => document.querySelectorAll('.jp-OutputArea-output table.bench:not(.diagram)').length"


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """The lesson, and the course's notebooks, all as lessons."""
    folder = tmp_path_factory.mktemp("course")
    learner.write(folder / "lesson.ipynb", CELLS)
    learner.write(folder / "own.ipynb", CELLS, metadata={})
    shutil.copytree(course.ROOT / "notebooks", folder / "notebooks")
    for path in (folder / "notebooks").rglob("*.ipynb"):
        notebook = json.loads(path.read_text(encoding="utf-8"))
        notebook["metadata"].update(learner.COURSE)
        path.write_text(json.dumps(notebook), encoding="utf-8")
    return folder


def faults(page: Page) -> list[str]:
    """What axe-core finds serious or critical in what is ours, one line for each rule and element."""
    from axe_playwright_python.sync_playwright import Axe

    # JupyterLab's body is 0 pixels high, and axe-core takes all of it for hidden; and it skips what is out of view.
    page.add_style_tag(content="body { height: 100vh }")
    heights = itertools.cycle((12_000, 11_500, 11_000))

    def found() -> dict:
        """What axe-core says. Where the window ends in the middle of an element it gives up on colours altogether."""
        page.set_viewport_size({"width": 1366, "height": next(heights)})
        there = [[selector] for selector in OURS if page.locator(selector).count()]
        said = Axe().run(page, context={"include": there}, options=None).response
        looked = [rule for rule in said["passes"] + said["violations"] if rule["id"] == "color-contrast"]
        return said if sum(len(rule["nodes"]) for rule in looked) > 10 else {}

    said = waiting.until(found, timeout=120)
    assert said, "axe-core looked at nothing"
    return [
        f"{rule['id']}: {node['html'][:120]} {node['failureSummary'][:300]}"
        for rule in said["violations"]
        if rule["impact"] in ("serious", "critical")
        for node in rule["nodes"]
    ]


@pytest.mark.gate
def test_axe_finds_nothing_serious_in_what_the_extension_adds(page, lab):
    page.evaluate("done => localStorage.setItem('bilingual-cells:done', done)", json.dumps(DONE))
    learner.open_notebook(page, lab, "lesson.ipynb")
    cells = Cells(page)
    cells["ask"].get_by_role("textbox").fill("42, I say")
    cells.button("sum").click()
    for theme in (*THEMES, *THEMES):  # each after the other
        learner.theme(page, theme)
        for language in ("en", "ko", "both"):
            learner.choose(page, language)
            for text in TEXTS:
                expect(page.locator(text).first).to_be_visible()
                assert page.locator(text).first.evaluate(CONTRAST) >= 4.5, (text, theme)
            assert faults(page) == []


@pytest.mark.gate
def test_axe_finds_nothing_serious_in_the_map(page, lab):
    done = {"exercises": 2, "ran": ["a"], "cells": 9}
    kept = {
        "notebooks/1-wsgi/1.1-contract.ipynb": done | {"passed": ["a", "b"]},
        "notebooks/2-asgi/2.1-contract.ipynb": done | {"passed": ["a"]},
    }
    page.evaluate("done => localStorage.setItem('bilingual-cells:done', done)", json.dumps(kept))
    learner.open_notebook(page, lab, "notebooks/0-start-here.ipynb")
    for theme in THEMES:
        learner.theme(page, theme)
        for text in (".lesson-all", ".lesson-done:not(.lesson-all)", ".lesson-forget-one", ".lesson-forget"):
            assert page.locator(f":visible{text}").first.evaluate(CONTRAST) >= 4.5, (text, theme)
        assert faults(page) == []


@pytest.mark.gate
@pytest.mark.parametrize("path", course.NOTEBOOKS, ids=course.name)
def test_axe_finds_nothing_serious_in_a_notebook(path, page, lab):
    learner.open_notebook(page, lab, f"notebooks/{course.name(path)}")
    page.get_by_label("Outputs and what is said about them").select_option("all")
    for theme in THEMES:
        learner.theme(page, theme)
        for language in ("en", "ko", "both"):
            learner.choose(page, language)
            assert faults(page) == []


@pytest.mark.gate
@pytest.mark.parametrize("path", course.NOTEBOOKS, ids=course.name)
def test_every_table_of_an_output_fits_on_a_laptop(path, page, lab):
    learner.open_notebook(page, lab, f"notebooks/{course.name(path)}")
    page.get_by_label("Outputs and what is said about them").select_option("all")
    tables = 0
    for number in range(len(course.read(path).cells)):
        page.evaluate("n => jupyterapp.shell.currentWidget.content.scrollToItem(n, 'start')", number)
        expect(page.locator(f'.jp-Cell[data-windowed-list-index="{number}"]')).to_be_visible()
        tables = max(tables, page.evaluate(TABLES))
        assert page.evaluate(CUT) == [], "let a word of it break, or say it in fewer words"
    assert tables, "it saw no table"


@pytest.mark.gate
def test_nginx_has_its_own_colours_and_python_its_own(page, lab, root):
    cells, before = Cells(page), (root / "lesson.ipynb").read_bytes()

    def wait_for(name: str, *words: str) -> None:
        page.wait_for_function(COLOURED, arg=[cells.number[name], words])

    wait_for("nginx", "location", "proxy_pass", "return")
    wait_for("conf", "server", "listen")
    wait_for("python", '"location { return; }"')
    assert not learner.is_dirty(page)
    assert (root / "lesson.ipynb").read_bytes() == before

    source = "text => jupyterapp.shell.currentWidget.content.widgets[%d].model.sharedModel.setSource(text)"
    page.evaluate(source % cells.number["nginx"], "def location(): return 1")
    wait_for("nginx", "def")
    page.evaluate(source % cells.number["nginx"], NGINX)
    wait_for("nginx", "location", "proxy_pass")


@pytest.mark.gate
def test_a_configuration_in_a_notebook_of_the_learners_own_stays_as_it_was(page, lab):
    learner.open_notebook(page, lab, "own.ipynb")
    cells = Cells(page)
    page.wait_for_function(COLOURED, arg=[cells.number["nginx"], ["return"]])
    assert not page.evaluate(COLOURED, [cells.number["nginx"], ["proxy_pass"]])


@pytest.mark.gate
def test_the_table_of_contents_lists_each_heading_once(page):
    learner.execute(page, "toc:show-panel")
    entries = page.locator(".jp-TableOfContents-content .jp-tocItem")
    expect(entries).to_have_text(["1. One · 하나", "2. Two · 둘"])


@pytest.mark.gate
def test_a_korean_word_in_a_heading_stays_whole(page):
    headings = page.locator(".jp-RenderedMarkdown :is(h1, h2)")
    expect(headings.nth(1)).to_be_attached()
    assert set(headings.evaluate_all("all => all.map(e => getComputedStyle(e).wordBreak)")) == {"keep-all"}


@pytest.mark.gate
def test_look_and_explain_can_be_told_from_text_and_from_each_other(page):
    Cells(page).button("sum").click()
    for theme in THEMES:
        learner.theme(page, theme)
        rules = [
            page.locator(f"[data-part={kind}]").first.evaluate("e => getComputedStyle(e).borderLeft")
            for kind in ("look", "explain", "heading")
        ]
        assert len(set(rules)) == 3
