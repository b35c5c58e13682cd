"""What a learner has passed and run is kept in the browser, seen on the map, and forgotten on request."""

from collections.abc import Iterator

import learner
import pytest
from learner import Cells, bilingual, code, prose, result
from playwright.sync_api import Locator, Page, expect

TABLE = """| lesson | question |
|---|---|
| [1.1](1-wsgi/1.1-one.ipynb) | one? |
| [2.1](2-asgi/2.1-둘%20two.ipynb) | two? |"""
MAP = [prose("map", "## The map · 지도\n\n" + bilingual(f"{TABLE}\n\n[aside](1-wsgi/1.1-one.ipynb)", TABLE))]
VERDICT = """class Verdict:
    def __init__(self, mark):
        self.mark = mark
    def __repr__(self):
        return f"{self.mark} said"
"""
LESSON = [
    prose("ask", bilingual("**Predict.** Who?", "**예측.** 누구?")),
    code("setup", VERDICT),
    code("greet", "Verdict('✓')", result("✗ not yet"), "check:greet"),
    code("leave", "Verdict('✗')", result("✓ stored by an author"), "check:leave"),
]


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    folder = tmp_path_factory.mktemp("course")
    learner.write(folder / "notebooks" / "0-start-here.ipynb", MAP)
    for name in ("1-wsgi/1.1-one", "2-asgi/2.1-둘 two"):
        learner.write(folder / "notebooks" / f"{name}.ipynb", LESSON)
    return folder


@pytest.fixture
def page(browser: Page) -> Iterator[Page]:
    with learner.visitor(browser) as page:
        yield page


def study(page: Page, lab: str, name: str, *ran: str) -> Cells:
    """Opens a lesson and runs some of its cells."""
    learner.open_notebook(page, lab, f"notebooks/{name}.ipynb")
    cells = Cells(page)
    for each in ran:
        cells.run(each)
    return cells


def marks(page: Page, lab: str) -> Locator:
    """Opens the map; the marks on its English half."""
    learner.open_notebook(page, lab, "notebooks/0-start-here.ipynb")
    return page.locator("div[lang=en] .lesson-done")


@pytest.mark.gate
def test_a_passed_check_is_seen_in_the_lesson_and_on_the_map(page, lab, root):
    expect(marks(page, lab)).to_have_count(0)
    expect(page.get_by_role("button", name="Forget all that I did")).to_have_count(0)
    cells = study(page, lab, "1-wsgi/1.1-one", "setup", "greet", "leave")
    passed = page.get_by_text("You have passed this exercise")
    expect(passed).to_have_count(1)
    expect(cells["greet"].get_by_text("You have passed this exercise")).to_be_visible()

    study(page, lab, "2-asgi/2.1-둘 two", "setup")
    seen = marks(page, lab)
    expect(seen).to_contain_text(["✓ exercises 1/2", "exercises 0/2"])
    assert seen.first.get_attribute("title").startswith("Exercises passed: 1/2, cells run: 3/3\n")
    assert seen.last.get_attribute("title").startswith("Exercises passed: 0/2, cells run: 1/3\n")
    expect(page.locator("p .lesson-done")).to_have_count(0)  # only in the table
    assert not learner.is_dirty(page)

    cells = study(page, lab, "1-wsgi/1.1-one")  # a verdict that is stored is nobody's, a passed one stays passed
    expect(passed).to_have_count(1)


@pytest.mark.gate
def test_one_is_forgotten_or_all(page, lab):
    cells = study(page, lab, "1-wsgi/1.1-one", "setup", "greet")
    cells["ask"].get_by_role("textbox").fill("me")
    cells = study(page, lab, "2-asgi/2.1-둘 two", "setup", "greet")
    cells["ask"].get_by_role("textbox").fill("you")
    seen = marks(page, lab)
    expect(seen).to_have_count(2)
    seen.first.get_by_role("button", name="Forget what I did in this lesson").click()
    expect(seen).to_contain_text(["✓ exercises 1/2"])
    expect(seen).to_have_count(1)
    cells = study(page, lab, "1-wsgi/1.1-one")
    expect(cells["ask"].get_by_role("textbox")).to_have_value("")
    expect(page.get_by_text("You have passed this exercise")).to_have_count(0)
    cells = study(page, lab, "2-asgi/2.1-둘 two")
    expect(cells["ask"].get_by_role("textbox")).to_have_value("you")

    seen = marks(page, lab)
    page.get_by_role("button", name="Forget all that I did").click()
    expect(seen).to_have_count(0)
    expect(page.get_by_role("button", name="Forget all that I did")).to_have_count(0)
    cells = study(page, lab, "2-asgi/2.1-둘 two")
    expect(cells["ask"].get_by_role("textbox")).to_have_value("")
    expect(page.get_by_text("You have passed this exercise")).to_have_count(0)


@pytest.mark.gate
def test_another_tab_hears_of_it(page, lab):
    seen = marks(page, lab)
    other = page.context.new_page()
    study(other, lab, "1-wsgi/1.1-one", "setup", "greet")
    expect(seen).to_contain_text(["✓ exercises 1/2"])
