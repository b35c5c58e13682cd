"""The language selector, in a real JupyterLab in a real Chromium: shows, hides, lays out, and changes no file."""

import platform
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from browser import CONTRAST, browser_page, jupyterlab
from learner import bilingual
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from playwright.sync_api import Locator, Page, expect

EN, KO, BOTH = "en", "ko", "both"
SCROLLER = ".jp-Notebook .jp-WindowedPanel-outer"


WIDE = f"""| header | value |
|---|---|
| `{"x" * 120}` | `{"y" * 120}` |

```python
{"request = " + "client.get() + " * 20}
```
"""
PROSE = (
    "## One request · 요청 하나\n\n"
    + bilingual("The server **calls** the application.\n\n- once per request", "서버가 **호출합니다**.\n\n- 한 번")
    + "\n"
    + bilingual(f"Bytes.\n\n{WIDE}", f"바이트.\n\n{WIDE}")
)
HINT = (
    "<details open><summary>Hint · 힌트</summary>\n\n"
    + bilingual("Look at the path.", "경로를 살펴보세요.")
    + '\n</details>\n\n<div lang="ko">\n\n짝이 없는 문단.\n\n</div>\n'
)
OUTPUT = """<table class="bench"><tbody>
<tr class="out"><td class="code">GET / HTTP/1.1</td></tr>
<tr class="in"><td class="code">HTTP/1.1 200 OK</td></tr>
<tr class="note"><td>idle</td></tr>
<tr class="bad"><td>502</td></tr>
<tr class="ok"><td>as expected</td></tr>
</tbody></table>
<pre class="bench">$ gunicorn hello:app</pre>
<div lang="en"><p>The worker died.</p></div>
<div lang="ko"><p>워커가 종료되었습니다.</p></div>
"""
PAIRS = 4  # two in PROSE, one in HINT, one in OUTPUT
SECTIONS = 12  # as many cells under them, for something to scroll


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a notebook recorded on some other Python, as most are, and with a Markdown file."""
    output = new_output("execute_result", {"text/html": OUTPUT, "text/plain": "Table"}, execution_count=1)
    cells = [
        new_markdown_cell(PROSE),
        new_code_cell("wire", execution_count=1, outputs=[output]),
        new_markdown_cell(HINT),
        *(new_markdown_cell(bilingual("Much.\n\n" * n, "많이.\n\n" * n * 2)) for n in range(1, SECTIONS + 1)),
    ]
    metadata = {
        "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"},
        "language_info": {"name": "python", "version": "3.0.0"},
    }
    folder = tmp_path_factory.mktemp("course")
    nbformat.write(new_notebook(cells=cells, metadata=metadata), folder / "course.ipynb")
    (folder / "page.md").write_text(PROSE, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def lab(root: Path) -> Iterator[str]:
    """The URL of a JupyterLab that gives the page a handle on itself, `jupyterapp`."""
    with jupyterlab(root, "--expose-app-in-browser") as url:
        yield url


@pytest.fixture(scope="module")
def opened(lab: str) -> Iterator[Page]:
    """A page that opened the notebook and ran nothing, for the tests that only look."""
    with browser_page() as page:
        open_notebook(page, lab)
        yield page


@pytest.fixture
def visitor(opened: Page, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A page of someone who was never here before, and whose browser speaks the language given as parameter."""
    with opened.context.browser.new_context(locale=getattr(request, "param", "en-US")) as context:
        yield context.new_page()


@pytest.fixture
def page(opened: Page) -> Page:
    """That page at its usual size, scrolled to the top."""
    opened.set_viewport_size({"width": 1366, "height": 768})
    opened.locator(SCROLLER).evaluate("e => e.scrollTop = 0")
    return opened


def open_notebook(page: Page, lab: str) -> None:
    """Opens the notebook in a workspace that remembers nothing, and returns when all of it is rendered."""
    page.goto(lab.replace("/lab?", "/lab/tree/course.ipynb?reset&"))
    expect(halves(page, EN)).to_have_count(PAIRS + SECTIONS, timeout=30_000)


def selector(page: Page) -> Locator:
    """The language selector, by the name a screen reader says."""
    return page.get_by_label("Language of the text")


def halves(page: Page, language: str) -> Locator:
    """The divs of that language that belong to a pair."""
    pair = {EN: "div[lang=en]:has(+ div[lang=ko])", KO: "div[lang=en] + div[lang=ko]"}
    return page.locator(".jp-RenderedHTMLCommon").locator(pair[language])


def boxes(page: Page) -> list[tuple[dict, dict]]:
    """The bounding boxes (x, y, width, height in pixels) of the two halves of every pair."""
    english, korean = halves(page, EN).all(), halves(page, KO).all()
    return [(en.bounding_box(), ko.bounding_box()) for en, ko in zip(english, korean, strict=True)]


def execute(page: Page, command: str, **args: object) -> None:
    """Has JupyterLab carry out one of its commands, and returns when it is done."""
    page.evaluate("async ([name, args]) => { await jupyterapp.commands.execute(name, args); }", [command, args])


def settle(page: Page) -> None:
    """Returns some frames later, when cells out of view have their new height too."""
    page.evaluate("async () => { for (let n = 0; n < 15; n++) await new Promise(requestAnimationFrame); }")


@pytest.mark.parametrize(("visitor", "choice"), [("ko-KR", KO), ("fr-FR", EN)], indirect=["visitor"])
def test_first_choice_is_the_browsers_language_the_next_is_remembered(visitor: Page, lab: str, choice: str) -> None:
    open_notebook(visitor, lab)
    expect(selector(visitor)).to_have_value(choice)
    assert visitor.locator(".jp-Dialog, .Toastify__toast").count() == 0
    selector(visitor).select_option(BOTH)
    visitor.reload()
    expect(selector(visitor)).to_have_value(BOTH, timeout=30_000)
    expect(visitor.locator("body")).to_have_attribute("data-bilingual-cells", BOTH)


def test_one_language_hides_the_other_half_of_every_pair(page: Page) -> None:
    for chosen, other in ((KO, EN), (EN, KO)):
        selector(page).select_option(chosen)
        for half in halves(page, chosen).all():
            expect(half).to_be_visible()
        for half in halves(page, other).all():
            expect(half).to_be_hidden()
        expect(page.locator("p", has_text="짝이 없는 문단")).to_be_visible()
        expect(page.locator(".jp-MarkdownOutput h2")).to_be_visible()


def test_side_by_side_is_two_columns_and_nothing_sticks_out(page: Page) -> None:
    selector(page).select_option(BOTH)
    scroller = page.locator(SCROLLER)
    right = (box := scroller.bounding_box())["x"] + box["width"]
    for english, korean in boxes(page):
        assert english["y"] == pytest.approx(korean["y"], abs=1)
        assert english["width"] == pytest.approx(korean["width"], abs=1)
        assert english["x"] + english["width"] < korean["x"]
        assert korean["x"] + korean["width"] < right
    for wide in page.locator("div[lang] > table, div[lang] pre").all():
        assert wide.evaluate("e => e.scrollWidth > e.clientWidth"), "nothing wide here, so nothing was tested"
        assert wide.locator("xpath=ancestor::div[@lang]").evaluate("e => e.scrollWidth <= e.clientWidth")
    assert scroller.evaluate("e => e.scrollWidth <= e.clientWidth")


def test_side_by_side_is_stacked_in_a_narrow_notebook(page: Page) -> None:
    selector(page).select_option(BOTH)
    page.set_viewport_size({"width": 1000, "height": 768})  # the file browser takes 250 of them
    page.wait_for_function("document.querySelector('.jp-Notebook').clientWidth < 750")
    for english, korean in boxes(page):
        assert english["x"] == korean["x"]
        assert english["y"] + english["height"] <= korean["y"] + 1


def test_switching_keeps_the_place(page: Page) -> None:
    selector(page).select_option(EN)
    cell = page.locator(".jp-Notebook .jp-Cell").nth(10)
    for _ in range(2):  # the first brings cells into view that were never laid out
        cell.evaluate("e => e.scrollIntoView({ block: 'start' })")
        settle(page)
    before = cell.bounding_box()["y"]
    for choice in (BOTH, EN, KO, EN):
        selector(page).select_option(choice)
        settle(page)
        assert cell.bounding_box()["y"] == pytest.approx(before, abs=3)


def test_table_of_contents_lists_a_heading_once(page: Page) -> None:
    execute(page, "toc:show-panel")
    entries = page.locator(".jp-TableOfContents-content .jp-tocItem")
    expect(entries).to_have_text(["One request · 요청 하나"])
    execute(page, "filebrowser:activate")


def test_opening_changes_nothing_but_an_edit_does(visitor: Page, lab: str, root: Path) -> None:
    before = (root / "course.ipynb").read_bytes()
    open_notebook(visitor, lab)
    model = "jupyterapp.shell.currentWidget.model"
    # A kernel has started, and JupyterLab has put down which.
    version = platform.python_version()
    visitor.wait_for_function(f"{model}.getMetadata('language_info').version === '{version}'")
    visitor.wait_for_function(f"{model}.getMetadata('kernelspec').display_name !== 'Python 3'")
    for choice in (KO, BOTH):
        selector(visitor).select_option(choice)
    assert not visitor.evaluate(f"{model}.dirty")
    assert (root / "course.ipynb").read_bytes() == before
    execute(visitor, "notebook:insert-cell-below")
    visitor.wait_for_function(f"{model}.dirty")


def test_markdown_preview_too(page: Page) -> None:
    execute(page, "docmanager:open", path="page.md", factory="Markdown Preview")
    preview = page.locator(".jp-MarkdownViewer")
    english, korean = preview.locator("div[lang=en]").first, preview.locator("div[lang=ko]").first
    selector(page).select_option(EN)
    expect(english).to_be_visible()
    expect(korean).to_be_hidden()
    selector(page).select_option(BOTH)
    assert english.bounding_box()["y"] == korean.bounding_box()["y"]
    execute(page, "application:close")


@pytest.mark.parametrize("theme", ["JupyterLab Dark", "JupyterLab Light"])
def test_colours_of_the_bench_can_be_read(page: Page, theme: str) -> None:
    execute(page, "apputils:change-theme", theme=theme)
    expect(page.locator("body")).to_have_attribute("data-jp-theme-name", theme)
    selector(page).select_option(EN)
    coloured = [page.locator(f".bench .{name} td") for name in ("out", "in", "note", "bad", "ok")]
    assert len({cell.evaluate("e => getComputedStyle(e).color") for cell in coloured}) == len(coloured)
    for element in (*coloured, page.locator("pre.bench"), halves(page, EN).first, selector(page)):
        assert element.evaluate(CONTRAST) >= 4.5
