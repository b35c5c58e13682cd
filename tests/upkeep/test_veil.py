"""Run to see: in a lesson, stored outputs and the text that speaks of them are veiled until their cell has run."""

import json

import learner
import pytest
from learner import Cells, bilingual, code, prose, result
from playwright.sync_api import expect

VERDICT = '<div class="bench verdict bad"><span class="bad">✗</span> not yet</div>'
SUM = bilingual(
    "**Look.** Stored look at the sum.\n\nIt has two digits.\n\n**Explain.** Stored reason.",
    "**관찰.** 저장된 관찰.\n\n두 자리입니다.\n\n**설명.** 저장된 설명.",
)
LATER = bilingual(
    "**Look.** Stored look at nothing.\n\n**Explain.** Stored silence.\n\n"
    "**Predict.** How many letters?\n\n- one\n- two\n\nMind the text below.",
    "**관찰.** 출력이 없습니다.\n\n**설명.** 조용합니다.\n\n**예측.** 몇 글자일까요?\n\n- 하나\n- 둘",
)
HEADED = "## 2. Next · 다음\n\n" + bilingual("**Look.** Under a heading.", "**관찰.** 제목 아래.")
CELLS = [
    prose("title", "# Title · 제목\n\n" + bilingual("Welcome.", "환영합니다.")),
    code("machine", "print('machine')", "stored machine", "show"),
    prose("of-machine", bilingual("**Look.** All is here.", "**관찰.** 모두 있습니다.")),
    prose("ask", bilingual("**Predict.** What is 6 × 7?", "**예측.** 6 × 7은?")),
    code("file", "%%writefile sums.py\nprint(6 * 7)", "Writing sums.py"),
    code("sum", "6 * 7", result("stored 42")),
    prose("look", SUM),
    code("quiet", "word = 'tea'"),
    prose("later", LATER),
    code("letters", "print(len(word))", "stored 3"),
    prose("headed", HEADED),
    code("check", "print('✓')", result("✗ not yet", VERDICT), "check:sum"),
    prose("solution", "<details><summary>Solution · 풀이</summary>\n\n42\n\n</details>", "solution:sum"),
    prose("recap", "## 3. Recap · 정리\n\n" + bilingual("The end.", "끝.")),
]
VEILED = ("sum", "quiet", "letters", "check")  # whose veils there are


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """A folder with the lesson, and with the same cells as a notebook of the learner's own."""
    folder = tmp_path_factory.mktemp("course")
    learner.write(folder / "lesson.ipynb", CELLS)
    learner.write(folder / "own.ipynb", CELLS, metadata={})
    learner.write(
        folder / "failing.ipynb",
        [
            code("fails", "1 / 0", "stored"),
            prose("of-fails", bilingual("**Look.** It failed.", "**관찰.** 실패했습니다.")),
            code("next", "print('ran')", "stored next"),
            prose("of-next", SUM),
        ],
    )
    folded = code("sum", "6 * 7", result("stored 42"))
    folded.metadata = {"collapsed": True, "jupyter": {"outputs_hidden": True}}
    learner.write(folder / "folded.ipynb", [folded, prose("look", SUM)])
    return folder


def part(cells: Cells, name: str, text: str):
    """The paragraph of a prose cell with this text."""
    return cells[name].locator("p", has_text=text)


def expect_veiled(cells: Cells, *names: str) -> None:
    """Exactly these code cells have a veil, and nothing under it is there to see or to hear."""
    for name in VEILED:
        expect(cells.button(name)).to_have_count(1 if name in names else 0)
    expect(cells.output("sum")).to_be_visible(visible="sum" not in names)
    expect(cells["look"]).to_be_visible(visible="sum" not in names)
    for text in ("Stored look at nothing.", "Stored silence."):
        expect(part(cells, "later", text)).to_be_visible(visible="quiet" not in names)
    expect(cells.output("letters")).to_be_visible(visible="letters" not in names)
    expect(part(cells, "headed", "Under a heading.")).to_be_visible(visible="letters" not in names)
    expect(cells.output("check")).to_be_visible(visible="check" not in names)


def expect_the_rest_visible(cells: Cells) -> None:
    """What no veil may cover: questions, headings, what follows them, cells that answer nothing, folded solutions."""
    for name, text in (("machine", "stored machine"), ("file", "Writing sums.py")):
        expect(cells.output(name)).to_have_text(text)
        expect(cells.output(name)).to_be_visible()
    for name, text in (
        ("title", "Welcome."), ("of-machine", "All is here."), ("ask", "What is 6 × 7?"),
        ("later", "How many letters?"), ("later", "Mind the text below."), ("recap", "The end."),
    ):  # fmt: skip
        expect(part(cells, name, text)).to_be_visible()
    for name in ("title", "headed", "recap"):
        expect(cells[name].locator("h1, h2")).to_be_visible()
    expect(cells["later"].locator("div[lang=en] li")).to_have_count(2)
    expect(cells["solution"].locator("summary")).to_be_visible()


def test_answers_are_veiled_and_nothing_else(page, cells):
    expect_veiled(cells, *VEILED)
    expect_the_rest_visible(cells)
    heard = page.locator(".jp-Notebook").aria_snapshot()
    assert "What is 6 × 7?" in heard
    assert "tored look" not in heard and "stored 42" not in heard


def test_the_button_lifts_one_and_a_reload_veils_it_again(page, cells, lab):
    cells.button("sum").click()
    expect_veiled(cells, "quiet", "letters", "check")
    assert page.evaluate("document.activeElement.closest('.jp-Cell') !== null")
    learner.open_notebook(page, lab, "lesson.ipynb")
    expect_veiled(cells, *VEILED)


def test_the_keyboard_reaches_the_button_and_presses_it(page, cells):
    for name, key in (("sum", "Enter"), ("letters", " ")):
        cells.select(name)
        for _ in range(10):
            page.keyboard.press("Tab")
            if cells.button(name).evaluate("button => button === document.activeElement"):
                break
        expect(cells.button(name)).to_be_focused()
        page.keyboard.press(key)
        expect(cells.button(name)).to_have_count(0)
        assert cells.active() == name
    expect_veiled(cells, "quiet", "check")
    cells.select("sum")
    page.keyboard.press("ArrowDown")  # still command mode, and the text is there now
    assert cells.active() == "look"


@pytest.mark.gate
def test_arrow_keys_pass_over_what_is_veiled(page, cells):
    cells.select("sum")
    page.keyboard.press("ArrowDown")
    assert cells.active() == "quiet"
    page.keyboard.press("ArrowUp")
    assert cells.active() == "sum"


@pytest.mark.gate
def test_a_choice_in_the_menu_bar_lifts_all_and_is_remembered(page, cells, lab):
    choice = page.get_by_label("Outputs and what is said about them")
    choice.select_option("Show everything")
    expect_veiled(cells)
    learner.open_notebook(page, lab, "lesson.ipynb")
    expect(choice).to_have_value("all")
    expect_veiled(cells)
    choice.select_option("Run to see")
    expect_veiled(cells, *VEILED)


@pytest.mark.gate
def test_looking_and_choosing_change_nothing(page, cells, root):
    before, held = (root / "lesson.ipynb").read_bytes(), learner.cells(page)
    cells.button("sum").click()
    page.get_by_label("Outputs and what is said about them").select_option("all")
    learner.choose(page, "both")
    learner.theme(page, "JupyterLab Dark")
    assert not learner.is_dirty(page)
    assert (root / "lesson.ipynb").read_bytes() == before
    assert learner.cells(page) == held


@pytest.mark.gate
def test_a_notebook_of_the_learners_own_is_left_alone(page, lab):
    learner.open_notebook(page, lab, "own.ipynb")
    cells = Cells(page)
    expect_veiled(cells)
    expect(page.locator(".lesson-foot, [data-part], .lesson-answer")).to_have_count(0)


@pytest.mark.gate
def test_running_lifts_it_for_the_session(page, cells, lab):
    cells.run("sum", "Shift+Enter")
    assert cells.active() == "look"
    expect_veiled(cells, "quiet", "letters", "check")
    expect(cells.output("sum")).to_have_text("42")
    cells.run("quiet")
    cells.run("sum")  # a second time
    expect_veiled(cells, "letters", "check")
    page.evaluate("() => jupyterapp.shell.currentWidget.sessionContext.restartKernel()")
    expect_veiled(cells, "letters", "check")
    learner.execute(page, "notebook:clear-all-cell-outputs")
    expect(cells["look"]).to_be_visible()
    learner.open_notebook(page, lab, "lesson.ipynb")
    expect_veiled(cells, "letters", "check")


@pytest.mark.gate
def test_closing_forgets_what_was_shown_and_not_what_was_run(page, cells):
    cells.button("letters").click()
    cells.run("sum")
    page.evaluate("() => jupyterapp.shell.currentWidget.context.revert()")
    expect_veiled(cells, "quiet", "check")
    page.locator(".lm-TabBar-tabCloseIcon").first.click()
    page.get_by_role("button", name="Discard").click()
    learner.execute(page, "docmanager:open", path="lesson.ipynb")
    expect_veiled(cells, "quiet", "letters", "check")


@pytest.mark.gate
def test_run_all_lifts_all_but_what_an_error_kept_from_running(page, cells, lab):
    learner.open_notebook(page, lab, "failing.ipynb")
    cells = Cells(page)
    learner.execute(page, "notebook:run-all-cells")
    expect(cells.output("fails")).to_contain_text("ZeroDivisionError")
    expect(cells["of-fails"]).to_be_visible()
    expect(cells["of-next"]).to_be_hidden()
    expect(cells.button("next")).to_be_visible()
    page.locator(".jp-Notebook").evaluate(
        "() => jupyterapp.shell.currentWidget.content.widgets[0].model.sharedModel.setSource('1')"
    )
    learner.execute(page, "notebook:run-all-cells")
    expect(cells.output("next")).to_have_text("ran")
    expect(cells["of-next"]).to_be_visible()
    expect(page.locator(".lesson-show")).to_have_count(0)


@pytest.mark.gate
def test_under_a_folded_heading_nothing_comes_out(page, cells):
    fold = cells["title"].locator(".jp-collapseHeadingButton")
    fold.click()
    expect(cells["sum"]).to_be_hidden()
    page.get_by_label("Outputs and what is said about them").select_option("all")
    expect(cells["look"]).to_be_hidden()
    page.get_by_label("Outputs and what is said about them").select_option("run")
    fold.click()
    expect(cells["sum"]).to_be_visible()
    expect_veiled(cells, *VEILED)


@pytest.mark.gate
def test_a_cell_that_moves_takes_its_veil_along(page, cells):
    cells.select("recap")
    learner.execute(page, "notebook:move-cell-up")
    expect_veiled(cells, *VEILED)
    cells.select("sum")
    learner.execute(page, "notebook:move-cell-up")  # the file cell stands between it and its text now
    moved = Cells(page)
    expect(moved["look"]).to_be_hidden()
    expect(moved.button("file")).to_be_visible()


@pytest.mark.gate
def test_a_folded_output_stays_folded_under_its_veil(page, lab):
    learner.open_notebook(page, lab, "folded.ipynb")
    cells = Cells(page)
    expect(cells["sum"].locator(".jp-OutputPlaceholder")).to_be_hidden()
    cells.button("sum").click()
    expect(cells["sum"].locator(".jp-OutputPlaceholder")).to_be_visible()
    assert not learner.is_dirty(page)


@pytest.mark.gate
@pytest.mark.parametrize("mode", ["full", "defer", "none"])
def test_in_every_way_in_which_jupyterlab_renders(page, lab, mode):
    page.set_viewport_size({"width": 1366, "height": 3000})  # "full" attaches only what is in view
    settings = {"windowingMode": mode}
    page.evaluate(
        "text => jupyterapp.serviceManager.settings.save('@jupyterlab/notebook-extension:tracker', text)",
        json.dumps(settings),
    )
    learner.open_notebook(page, lab, "lesson.ipynb")
    cells = Cells(page)
    expect_veiled(cells, *VEILED)
    cells.button("sum").click()
    expect_veiled(cells, "quiet", "letters", "check")
    expect_the_rest_visible(cells)
