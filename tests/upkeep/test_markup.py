"""What the bench shows, in a real browser: every byte as it was, both themes, trusted or not, with and without our CSS.

The notebook is never run, as for someone who opens it for the first time: nothing of it is trusted.
"""

from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from browser import CONTRAST, browser_page, jupyterlab, violations
from nbconvert import HTMLExporter
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from playwright.sync_api import Locator, Page, expect

from support.app.events import Events
from support.show import Arrow, Diagram, Note, Table, Timeline, marked, visible

pytestmark = pytest.mark.gate

TEA = rb"tea $5, coffee $6 \(x\) \\ \$"
# MathJax reads this one, and a sanitiser takes its role: so both were there, and left the bytes alone.
CONTROL = '<p role="note" class="mathematics">$y^2$</p>'
BYTES = [b"GET / HTTP/1.1\r\n", TEA, b"C:\\new  folder", b"3\r\ntwo\r\n", b"\xed\x95\x9c\x00", bytes(range(32, 127))]


class Chunk:
    """A cell that tells a chunk's length from its data, as those of a Wire do."""

    def __str__(self) -> str:
        return r"5\r\nthree\r\n"

    def _cell_html_(self) -> str:
        return (
            r'<code><span class="framing">' + marked(r"5\r\n") + r'</span>three<span class="framing">\r\n</span></code>'
        )


TABLE = Table(
    ("$ way $", "bytes"),
    [("→", data) for data in BYTES] + [("←", Chunk()), ("", "idle"), ("✗", "bad"), ("✓", "ok")],
    ["out"] * len(BYTES) + ["in", "note", "bad", "ok"],
    caption="from $5 to $6",
)
EVENTS = Events([(1, "1-1", "wsgi", "←", "yield", TEA), (2, "1-1", "wsgi", "←", "end", None)])
DIAGRAM = Diagram(
    ["client", "nginx", "gunicorn", "app"],
    [
        Note("connection 1 for $5 and $6"),
        Arrow("client", "nginx", "GET / HTTP/1.1"),
        Arrow("nginx", "gunicorn", "GET / HTTP/1.0"),
        Arrow("gunicorn", "app", "app(environ, start_response) " + "X-Header: one, " * 9, "app"),
        Arrow("app", "gunicorn", f"yield {visible(TEA)}", "app"),
        Arrow("app", "app", "its log", "app"),
        Arrow("gunicorn", "client", "past nginx", loose=True),
        Arrow("client", "nginx", "FIN", "end", both=True),
    ],
)
BIG = Diagram(
    [f"lane {number}" for number in range(9)],
    [Arrow(f"lane {n % 8}", f"lane {n % 8 + 1}", f"message {n} of forty or so") for n in range(40)],
)
TIMELINE = Timeline(
    ["GET /slow arrives", "GET /fast arrives", "GET /slow answered", "GET /fast answered"],
    [
        ("GET /slow", ["works", "works", "answered", ""]),
        ("GET /fast", ["", "waits for GET /slow", "works", "answered"]),
    ],
)
COMPARED = Table(("", "gunicorn", "uvicorn", "daphne"), [("HEAD", "no body", "no body", TEA)], compare="rows")
VERDICT = """<div class="bench verdict {0}"><div lang="en"><span class="{0}">{1}</span> Said.</div>
<div lang="ko"><span class="{0}">{1}</span> 말했습니다.</div><pre>wanted: $5 $6\ncame:   $5 $7\n            ^</pre>
<details><summary>What crossed · 주고받은 내용</summary>{2}</details></div>"""
COLOURED = [f".bench tr.{name} code" for name in ("out", "in", "note", "bad", "ok")]
# The elements of the bench that hold text that is seen, each with its contrast.
READ = f"""() => [...document.querySelectorAll('.bench, .bench *')]
  .filter(e => [...e.childNodes].some(node => node.nodeType === Node.TEXT_NODE && node.data.trim()))
  .filter(e => e.checkVisibility() && parseFloat(getComputedStyle(e).fontSize))
  .map(e => [({CONTRAST})(e), e.outerHTML.slice(0, 120)])"""

RGB = """(element, property) => {
  const canvas = document.createElement('canvas').getContext('2d');
  canvas.fillStyle = getComputedStyle(element).getPropertyValue(property);
  canvas.fillRect(0, 0, 1, 1);
  return [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3);
}"""


class Shown:
    """HTML as something to look at."""

    def __init__(self, html: str) -> None:
        self.html = html

    def _repr_html_(self) -> str:
        return self.html


def notebook() -> nbformat.NotebookNode:
    """Each thing in a cell of its own, the first under a command line."""
    verdicts = [
        VERDICT.format(*look, TABLE._repr_html_() + DIAGRAM._repr_html_()) for look in (("ok", "✓"), ("bad", "✗"))
    ]
    shown = [TABLE, EVENTS, DIAGRAM, BIG, TIMELINE, COMPARED, *map(Shown, verdicts), Shown(CONTROL)]
    cells = [new_markdown_cell("$x^2$")]
    for number, thing in enumerate(shown):
        data = {"text/html": thing._repr_html_(), "text/plain": repr(thing)}
        outputs = [new_output("execute_result", data, execution_count=1)]
        if not number:
            outputs.insert(0, new_output("stream", name="stdout", text="$ gunicorn hello:app\n"))
        cells.append(new_code_cell("tap", execution_count=1, outputs=outputs))
    return new_notebook(cells=cells, metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}})


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """A page of JupyterLab in which the notebook is open, all of it rendered, the mathematics too."""
    root = tmp_path_factory.mktemp("course")
    nbformat.write(notebook(), root / "shown.ipynb")
    with jupyterlab(root, "--expose-app-in-browser") as url, browser_page() as page:
        page.goto(url.replace("/lab?", "/lab/tree/shown.ipynb?reset&"))
        expect(page.locator(".mathematics mjx-container")).to_have_count(1, timeout=60_000)
        page.wait_for_function("() => getComputedStyle(document.querySelector('.bench.box')).overflow === 'auto'")
        yield page


def choose(page: Page, theme: str) -> None:
    """Changes the theme of the page that is open, and returns when it is there."""
    page.evaluate("theme => jupyterapp.commands.execute('apputils:change-theme', {theme})", theme)
    expect(page.locator("body")).to_have_attribute("data-jp-theme-name", theme)


def trust(page: Page, trusted: bool = True) -> None:
    """Has JupyterLab draw all outputs again: as if the cells had been run here, or through its sanitiser."""
    page.evaluate(
        "trusted => { for (const cell of jupyterapp.shell.currentWidget.content.model.cells) cell.trusted = trusted }",
        trusted,
    )
    expect(page.locator(f".mathematics{'[role=note]' if trusted else ':not([role])'}")).to_have_count(1)


def shown_code(part: Locator) -> list[str]:
    """What one reads in each of its <code> elements; spaces count."""
    return part.locator("code").evaluate_all("all => all.map(e => e.innerText)")


@pytest.mark.parametrize("trusted", [False, True])
def test_every_byte_is_shown_as_it_is(page: Page, trusted: bool) -> None:
    trust(page, trusted)
    expect(page.locator(".mathematics mjx-container")).to_have_count(1)
    assert page.locator(".bench mjx-container").count() == 0
    table = page.locator("table.bench").first
    assert shown_code(table) == [cell for row in TABLE.rows for cell in row if cell]
    assert visible(TEA) in shown_code(table)
    assert page.locator("table.bench caption").first.inner_text() == TABLE.caption
    assert table.locator("th").all_inner_texts() == TABLE.columns
    assert shown_code(page.locator("table.bench").nth(1))[-1] == f"b'{visible(TEA)}'"
    assert f"yield {visible(TEA)}" in shown_code(page.locator("table.diagram").first)


@pytest.mark.parametrize(("text", "kind", "apart"), [(r"3\r\ntwo\r\n", "esc", 1.5), (r"5\r\nthree\r\n", "framing", 3)])
def test_what_frames_stands_apart(page: Page, text: str, kind: str, apart: float) -> None:
    """Or else 3\\r\\ntwo is read as ntwo."""
    framing = page.locator("table.bench code", has_text=text).first.locator(f".{kind}").first
    gap = framing.evaluate("""element => {
        const range = document.createRange();
        range.selectNode(element.nextSibling);
        return range.getBoundingClientRect().left - element.getBoundingClientRect().right;
    }""")
    assert gap >= apart
    colours = framing.evaluate("e => [e, e.parentElement].map(each => getComputedStyle(each).color)")
    assert len(set(colours)) == 2


@pytest.mark.parametrize("theme", ["JupyterLab Dark", "JupyterLab Light", "JupyterLab Dark"])
def test_everything_can_be_read_after_a_change_of_theme(page: Page, theme: str) -> None:
    trust(page, False)
    choose(page, theme)
    page.locator("details").evaluate_all("all => all.forEach(each => each.open = true)")
    read = page.evaluate(READ)
    assert len(read) > 200
    assert [each for each in read if each[0] < 4.5] == []
    colours = [page.locator(selector).first.evaluate("e => getComputedStyle(e).color") for selector in COLOURED]
    assert len(set(colours)) == len(COLOURED)


@pytest.mark.parametrize("theme", ["JupyterLab Dark", "JupyterLab Light"])
def test_axe_finds_nothing(page: Page, theme: str) -> None:
    choose(page, theme)
    trust(page)
    assert violations(page, ".jp-OutputArea-output") == []


def test_lanes_are_lines_and_arrows_go_from_one_to_the_next(page: Page) -> None:
    diagram = page.locator("table.diagram").first
    heads = [box["x"] + box["width"] / 2 for box in map(Locator.bounding_box, diagram.locator("thead th").all())]
    for row in diagram.locator("tbody tr:not(.across)").all():
        lines = [box["x"] + box["width"] for box in map(Locator.bounding_box, row.locator("td.line").all())]
        assert all(any(line == pytest.approx(head, abs=1) for head in heads) for line in lines)
    first, *_, past, both = diagram.locator(".arrow").all()
    for arrow, (start, end) in ((first, (0, 1)), (past, (0, 2)), (both, (0, 1))):
        box = arrow.bounding_box()
        assert box["x"] == pytest.approx(heads[start], abs=1)
        assert box["x"] + box["width"] == pytest.approx(heads[end], abs=1.5)


def test_a_diagram_scrolls_in_a_box_of_its_own_under_its_heads(page: Page) -> None:
    box = page.locator(".bench.box").nth(1)
    box.scroll_into_view_if_needed()
    assert box.evaluate("e => e.clientHeight <= innerHeight * 0.7 + 1 && e.scrollHeight > e.clientHeight")
    assert box.evaluate("e => e.scrollWidth > e.clientWidth && e.clientWidth < innerWidth")
    head, last = box.locator("thead th").last, box.locator(".arrow").last
    box.evaluate("e => e.scrollTo(e.scrollWidth, e.scrollHeight)")
    expect(last).to_be_in_viewport()
    expect(head).to_be_in_viewport()
    assert head.bounding_box()["y"] == pytest.approx(box.bounding_box()["y"], abs=1)
    labels = box.locator(".arrow code")
    sizes = labels.evaluate_all("all => all.map(e => [getComputedStyle(e).fontSize, e.getClientRects().length])")
    assert sizes == [["13px", 1]] * 40  # as large as code is, and on one line


def test_a_long_label_unfolds(page: Page) -> None:
    fold = page.locator(".diagram details").first
    fold.evaluate("e => e.open = false")
    expect(fold.locator("pre")).to_be_hidden()
    fold.locator("summary").click()
    expect(fold.locator("pre")).to_have_text(DIAGRAM.rows[3].label)
    assert fold.evaluate("e => e.scrollWidth <= e.clientWidth")


def test_a_bar_lies_between_its_events(page: Page) -> None:
    timeline = page.locator("table.timeline").first
    slots = [box["x"] for box in map(Locator.bounding_box, timeline.locator("thead th").all())]
    bars = timeline.locator("tbody td:not(.idle)").all()
    words = [bar.inner_text() for bar in bars]
    assert words == ["█ works", "✓ answered", "░ waits for GET /slow", "█ works", "✓ answered"]
    assert [slots.index(pytest.approx(bar.bounding_box()["x"], abs=1)) for bar in bars] == [0, 2, 1, 2, 3]
    works, *_, waits, worked = (bar.locator("div").bounding_box() for bar in (bars[0], bars[2], bars[3]))
    assert works["x"] + works["width"] == pytest.approx(slots[2], abs=1)
    assert waits["x"] + waits["width"] == pytest.approx(worked["x"], abs=1.5)


def test_what_differs_stands_out(page: Page) -> None:
    (differing,) = page.locator("td.differs").all()
    assert differing.inner_text().split() == ["≠", *visible(TEA).split()]
    grounds = differing.evaluate(
        "e => [e, e.previousElementSibling].map(each => getComputedStyle(each).backgroundColor)"
    )
    assert len(set(grounds)) == 2


@pytest.mark.parametrize("theme", ["JupyterLab Dark", "JupyterLab Light"])
@pytest.mark.parametrize(("name", "brightest"), [("ok", 1), ("bad", 0)])
def test_a_verdict_has_a_border_a_coloured_mark_and_words(page: Page, name: str, brightest: int, theme: str) -> None:
    choose(page, theme)
    verdict = page.locator(f".verdict.{name}")
    mark = verdict.locator(f"span.{name}").first
    expect(mark).to_have_text({"ok": "✓", "bad": "✗"}[name])
    for element, property in ((mark, "color"), (verdict, "border-left-color")):
        colour = element.evaluate(RGB, property)
        assert colour.index(max(colour)) == brightest
    assert verdict.evaluate("e => parseFloat(getComputedStyle(e).borderTopWidth)") >= 1
    assert verdict.locator("pre").first.evaluate("e => getComputedStyle(e).whiteSpace") == "pre"
    assert "mono" in verdict.locator("pre").first.evaluate("e => getComputedStyle(e).fontFamily")


def test_there_is_air_between_a_command_line_and_the_table_under_it(page: Page) -> None:
    printed, table = page.locator(".jp-RenderedText pre").first, page.locator("table.bench").first
    line = printed.bounding_box()
    assert table.bounding_box()["y"] - (line["y"] + line["height"]) >= 10


def test_without_the_extension(page: Page, tmp_path: Path) -> None:
    """nbconvert's HTML, without the network: bytes in <code>, to the left and fixed-width; arrows, states and marks."""
    converted, _ = HTMLExporter().from_notebook_node(notebook())
    (tmp_path / "shown.html").write_text(converted, encoding="utf-8")
    with page.context.browser.new_context(offline=True) as context:
        page = context.new_page()
        page.goto((tmp_path / "shown.html").as_uri())
        page.locator("details").evaluate_all("all => all.forEach(each => each.open = true)")
        table, diagram = page.locator("table.bench").first, page.locator("table.diagram").first
        assert shown_code(table) == [cell for row in TABLE.rows for cell in row if cell]
        fonts = page.locator(".bench code").evaluate_all("all => all.map(e => getComputedStyle(e).fontFamily)")
        assert all("mono" in font for font in fonts)
        cells = table.locator("tbody td:nth-child(2) code").all()
        lefts = [cell.bounding_box()["x"] for cell in cells]
        assert len(set(lefts)) == 1
        read = [" ".join(text.split()) for text in diagram.locator("tbody tr").all_inner_texts()]
        assert read[1:3] == ["GET / HTTP/1.1 →", "GET / HTTP/1.0 →"]
        assert read[-3:] == ["↻ its log", "← ≈ past nginx", "⇄ FIN"]
        assert page.locator("table.timeline td.waits").inner_text() == "░ waits for GET /slow"
        assert page.locator("td.differs").inner_text().startswith("≠ ")
        # An arrow stands between the heads of its lanes.
        heads = diagram.locator("thead th").all()
        row = [heads[0], diagram.locator(".arrow").nth(0), heads[1], diagram.locator(".arrow").nth(1), heads[2]]
        lefts = [part.bounding_box()["x"] for part in row]
        assert lefts == sorted(lefts)
