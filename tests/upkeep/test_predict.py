"""A prediction is written down where it is asked for, kept in the browser, and seen again below the answer."""

import learner
import pytest
from learner import Cells, bilingual, code, prose, result
from playwright.sync_api import Locator, expect

FIRST = bilingual("**Predict.** What is 6 × 7?", "**예측.** 6 × 7은?")
SECOND = "## Twice · 두 번\n\n" + bilingual(
    "**Predict.** And 7 × 6?\n\n| a | b |\n|---|---|\n| ? | ? |\n\n<details><summary>Compare</summary>\n\nThe same.\n\n"
    "</details>",
    "**예측.** 7 × 6은?\n\n| a | b |\n|---|---|\n| ? | ? |",
)
CELLS = [
    prose("first", FIRST),
    code("setup", "a, b = 6, 7"),
    code("file", "%%writefile sums.py\nprint(6 * 7)", "Writing sums.py"),
    code("again", "a", result("6")),
    code("product", "a * b", result("42")),
    code("after", "pass"),
    prose("second", SECOND),
    code("turned", "b * a", result("42")),
]
TEXT = "42, <b>of course</b>\n  안녕 $5"


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    folder = tmp_path_factory.mktemp("course")
    learner.write(folder / "lesson.ipynb", CELLS)
    return folder


def answer(cells: Cells, name: str) -> Locator:
    return cells[name].get_by_role("textbox", name="Your prediction")


@pytest.mark.gate
def test_it_is_kept_and_seen_again_below_the_answer(page, cells, lab, root):
    before, held = (root / "lesson.ipynb").read_bytes(), learner.cells(page)
    answer(cells, "first").fill(TEXT)
    answer(cells, "second").fill("the same")
    recall = cells["product"].locator(".lesson-recall")
    expect(recall).to_have_count(0)
    cells.button("product").click()
    assert recall.locator("p").evaluate("p => p.textContent") == TEXT
    expect(recall).to_contain_text("You predicted")
    output, below = cells.output("product").bounding_box(), recall.bounding_box()
    assert output["y"] + output["height"] <= below["y"]
    for other in ("setup", "file", "again", "after", "turned"):
        expect(cells[other].locator(".lesson-recall")).to_have_count(0)
    assert not learner.is_dirty(page)
    assert (root / "lesson.ipynb").read_bytes() == before
    assert learner.cells(page) == held
    learner.open_notebook(page, lab, "lesson.ipynb")
    expect(answer(cells, "first")).to_have_value(TEXT)
    answer(cells, "first").fill("  ")
    cells.button("product").click()
    expect(recall).to_have_count(0)  # nothing was predicted


@pytest.mark.gate
def test_keys_and_clicks_belong_to_the_text(page, cells):
    box = answer(cells, "first")
    box.click()
    held = learner.cells(page)
    page.keyboard.type("add: b, j, k, x, dd")
    page.keyboard.press("Enter")
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("line")
    expect(box).to_have_value("add: b, j, k, x, dd\n\nline")
    page.keyboard.press("Control+Z")
    assert "line" not in box.input_value()
    box.dblclick()
    box.click(modifiers=["Shift"])
    expect(box).to_be_focused()
    assert learner.cells(page) == held
    assert cells.active() == "first"
    page.keyboard.press("Escape")
    page.keyboard.press("ArrowDown")
    assert cells.active() == "setup"


@pytest.mark.gate
def test_it_survives_that_its_cell_is_rendered_again(page, cells):
    answer(cells, "second").fill("twice")
    cells.select("second")
    page.keyboard.press("Enter")
    expect(answer(cells, "second")).to_have_count(0)
    page.keyboard.press("Control+Enter")
    expect(answer(cells, "second")).to_have_value("twice")
    expect(cells["second"].locator(".lesson-answer")).to_have_count(1)


@pytest.mark.gate
def test_the_question_is_one_card_across_both_languages(page, cells):
    learner.choose(page, "both")
    card = cells["second"].locator("[data-part=predict]")
    expect(card).to_have_count(1)
    outer = card.bounding_box()
    halves = [half.bounding_box() for half in card.locator("> div[lang]").all()]
    assert halves[0]["y"] == halves[1]["y"] and halves[0]["x"] + halves[0]["width"] < halves[1]["x"]
    box = card.locator("textarea").bounding_box()
    for inner in (*halves, box):
        assert outer["x"] < inner["x"] and inner["x"] + inner["width"] < outer["x"] + outer["width"]
    assert box["width"] > halves[0]["width"] + halves[1]["width"]
    assert box["y"] > max(half["y"] + half["height"] for half in halves)
    expect(card.locator("table")).to_have_count(2)
    expect(card.locator("details")).to_have_count(0)  # what one compares with stands below, out of the question
    expect(cells["second"].locator("details")).to_be_visible()


@pytest.mark.gate
def test_the_halves_may_differ_in_all_but_their_labels(page, lab, root):
    uneven = [
        prose("more", bilingual("**Predict.** One?\n\nMore.", "**예측.** 하나?")),
        code("one", "1", result("1")),
        prose("wild", bilingual("**Look.** One.\n\n**Predict.** Two?", "**관찰.** 하나.")),
        code("two", "2", result("2")),
    ]
    learner.write(root / "uneven.ipynb", uneven)
    learner.open_notebook(page, lab, "uneven.ipynb")
    cells = Cells(page)
    expect(cells["more"].locator("p", has_text="More.")).to_be_visible()
    expect(answer(cells, "more")).to_have_count(1)
    learner.choose(page, "ko")
    expect(cells["more"].locator("p", has_text="하나?")).to_be_visible()
    expect(cells["more"].locator("p", has_text="More.")).to_be_hidden()
    cells["one"].get_by_role("button").first.click()
    expect(cells["wild"].locator("p", has_text="하나.")).to_be_visible()
