"""The gate "in the browser": each notebook as a learner meets it, in JupyterLab in Chromium.

Screenshots of every notebook in each state are kept in $SCREENSHOTS, or in a folder of the system's temporary
one, for people to look at: a machine cannot tell whether a page is beautiful.
"""

import json
import os
import shutil
import tempfile
from pathlib import Path

import course
import pytest
from browser import browser_page, jupyterlab
from playwright.sync_api import Page, expect

from support.upkeep import install

SHOTS = Path(os.environ.get("SCREENSHOTS") or Path(tempfile.gettempdir()) / f"wsgi-asgi-nginx-lab-{os.getuid()}")
PATIENCE = 180_000  # ms for Run All on a busy machine
THEMES = ("JupyterLab Light", "JupyterLab Dark")
DIAGRAM = "bench diagram"  # the classes of a diagram's table
CELLS = """() => jupyterapp.shell.currentWidget.content.model.sharedModel.toJSON().cells"""
KERNEL_KNOWN = """async () => {
    const context = jupyterapp.shell.currentWidget.sessionContext;
    await context.ready;
    await context.session.kernel.info;
    await context.session.kernel.spec;
}"""
ALL_RUN = """count => {
    const cells = Array.from(jupyterapp.shell.currentWidget.content.model.cells).filter(cell => cell.type === 'code');
    return cells.length === count && cells.every(cell => cell.executionState === 'idle' && cell.executionCount);
}"""


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """The address, token included, of a JupyterLab that `make lab` would open, on a copy of the repository."""
    root = tmp_path_factory.mktemp("lab")
    shutil.copytree(course.ROOT / "notebooks", root / "notebooks")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(install, "ROOT", root)
        arguments = [argument for argument in install.jupyterlab()[2:] if argument != "--allow-root"]
    with jupyterlab(root, *arguments, "--LabApp.expose_app_in_browser=True") as url:
        yield root, url


@pytest.fixture(scope="module")
def page():
    with browser_page() as page:
        yield page


def opened(page: Page, lab, path: Path) -> Path:
    """The copy of the notebook that the page now shows, rendered."""
    root, url = lab
    copy = root / "notebooks" / course.name(path)
    base, token = url.split("lab?")
    page.goto(f"{base}lab/tree/{copy.relative_to(root).as_posix()}?{token}&reset")
    page.wait_for_function("() => window.jupyterapp?.shell.currentWidget?.content?.model?.cells?.length > 0")
    expect(page.locator(".jp-MarkdownOutput").first).to_be_visible()
    return copy


def shoot(page: Page, path: Path, state: str) -> None:
    """Keeps what the window shows now."""
    SHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SHOTS / f"{course.lesson(path)}-{state}.png")


def diagrams(cells) -> list[int]:
    """The numbers of the cells with a diagram in their output; a verdict has its own in a fold."""
    outputs = [json.dumps(cell.get("outputs", [])) for cell in cells]
    return [number for number, output in enumerate(outputs) if DIAGRAM in output and "bench verdict" not in output]


@pytest.mark.gate
@pytest.mark.parametrize("path", course.NOTEBOOKS, ids=course.name)
def test_opening_changes_nothing_and_run_all_ends_without_an_error(path, lab, page):
    copy = opened(page, lab, path)
    before = copy.read_bytes()
    # JupyterLab writes down the name and version of the kernel once it knows them: only then is there a change to see.
    page.evaluate(KERNEL_KNOWN)
    dirty = page.evaluate("() => jupyterapp.shell.currentWidget.content.model.dirty")
    assert not dirty, f"{course.name(path)}: opening marks it as changed: find in changes.js what JupyterLab wrote"
    expect(page.locator(".lm-TabBar-tab.lm-mod-current.jp-mod-dirty")).to_have_count(0)
    assert copy.read_bytes() == before == path.read_bytes(), (
        f"{course.name(path)}: opening wrote into it: mend changes.js"
    )

    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
    page.wait_for_function(ALL_RUN, arg=len(course.code_cells(path)), timeout=PATIENCE)
    cells = page.evaluate(CELLS)
    for cell in cells:
        errors = [output for output in cell.get("outputs", []) if output["output_type"] == "error"]
        expected = "raises-exception" in cell["metadata"].get("tags", [])
        assert not errors or expected, f"{cell['id']}: mend the cell, or tag it raises-exception: {errors}"
    wanted = diagrams(course.read(path).cells)
    assert diagrams(cells) == wanted, (
        f"{course.name(path)}: a diagram came or went: run `make refresh`, look at its cells"
    )
    for number in diagrams(cells):
        draw(page, number, path)


def draw(page: Page, number: int, path: Path) -> None:
    """Scrolls to a cell with a diagram and asserts that it is drawn, inside a box no wider than the page."""
    page.evaluate("n => jupyterapp.shell.currentWidget.content.scrollToItem(n, 'start')", number)
    cell = page.locator(f'.jp-Cell[data-windowed-list-index="{number}"]')
    table = cell.locator("table.bench.diagram").first
    expect(table).to_be_visible()
    box, page_width = table.locator("xpath=..").bounding_box(), page.viewport_size["width"]
    assert 100 < box["width"] < page_width, f"cell {number}: the diagram's box is {box}: mend bench.css"
    shoot(page, path, f"diagram-{number}")


@pytest.mark.gate
@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("path", course.NOTEBOOKS, ids=course.name)
def test_the_selector_has_its_three_states_in_both_themes(path, theme, lab, page):
    opened(page, lab, path)
    page.evaluate("theme => jupyterapp.commands.execute('apputils:change-theme', {theme})", theme)
    expect(page.locator(f'body[data-jp-theme-name="{theme}"]')).to_have_count(1)
    english, korean = (page.locator(f'.jp-MarkdownOutput div[lang="{language}"]').first for language in ("en", "ko"))
    for language, shown in (("en", (True, False)), ("ko", (False, True)), ("both", (True, True))):
        page.get_by_label("Language of the text").select_option(language)
        expect(english).to_be_visible(visible=shown[0])
        expect(korean).to_be_visible(visible=shown[1])
        shoot(page, path, f"{theme.split()[-1].lower()}-{language}")
