"""A learner before a lesson in JupyterLab: for the tests of what the course's extension makes of a notebook."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import nbformat
from browser import PATIENCE
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from playwright.sync_api import Locator, Page, expect

COURSE = {"course": "wsgi-asgi-nginx-lab"}
ANSWERED = """number => {
    const { executionState, executionCount } = jupyterapp.shell.currentWidget.content.widgets[number].model;
    return executionState === 'idle' && executionCount > 0;
}"""
KERNEL_KNOWN = """async () => {
    const context = jupyterapp.shell.currentWidget.sessionContext;
    await context.ready;
    await context.session.kernel.info;
    await context.session.kernel.spec;
}"""


def bilingual(english: str, korean: str) -> str:
    """Both texts, marked up as every prose cell of the course is."""
    return f'<div lang="en">\n\n{english}\n\n</div>\n<div lang="ko">\n\n{korean}\n\n</div>\n'


def prose(name: str, source: str, *tags: str) -> NotebookNode:
    """A Markdown cell."""
    return new_markdown_cell(source, id=name, metadata={"tags": list(tags)} if tags else {})


def code(name: str, source: str, output: str | NotebookNode = "", *tags: str) -> NotebookNode:
    """A code cell that was run when the lesson was written; `output` is what it printed then, or an output."""
    stored = new_output("stream", name="stdout", text=output) if isinstance(output, str) else output
    metadata = {"tags": list(tags)} if tags else {}
    return new_code_cell(source, id=name, execution_count=1, outputs=[stored] if output else [], metadata=metadata)


def result(text: str, html: str = "") -> NotebookNode:
    """The output of a cell whose last line is a value."""
    data = {"text/plain": text} | ({"text/html": html} if html else {})
    return new_output("execute_result", data, execution_count=1)


def write(path: Path, cells: list[NotebookNode], metadata: dict | None = None) -> Path:
    """The path of a notebook with these cells, which is a lesson of the course unless other metadata say otherwise."""
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}}
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(new_notebook(cells=cells, metadata=kernel | (COURSE if metadata is None else metadata)), path)
    return path


def open_notebook(page: Page, lab: str, name: str) -> None:
    """Opens a notebook in a workspace that remembers nothing, and returns when it is rendered and has its kernel."""
    base, token = lab.split("lab?")
    page.goto(f"{base}lab/tree/{name}?{token}&reset")
    page.wait_for_function("() => window.jupyterapp?.shell.currentWidget?.content?.model?.cells?.length > 0")
    page.evaluate(KERNEL_KNOWN)
    page.wait_for_function("() => jupyterapp.shell.currentWidget.content.widgets.every(cell => !cell.isPlaceholder())")


@contextmanager
def visitor(page: Page, **options: object) -> Iterator[Page]:
    """A page of the same browser for someone who was never here before, and reads English."""
    size = {"viewport": {"width": 1366, "height": 768}, "locale": "en-US"}
    with page.context.browser.new_context(**(size | options)) as context:
        context.set_default_timeout(PATIENCE)
        yield context.new_page()


def execute(page: Page, command: str, **args: object) -> None:
    """Has JupyterLab carry out one of its commands, and returns when it is done."""
    page.evaluate("async ([name, args]) => { await jupyterapp.commands.execute(name, args); }", [command, args])


def choose(page: Page, language: str) -> None:
    """Chooses a language in the menu bar: en, ko, both."""
    page.get_by_label("Language of the text").select_option(language)


def theme(page: Page, name: str) -> None:
    """Changes the theme."""
    execute(page, "apputils:change-theme", theme=name)
    expect(page.locator("body")).to_have_attribute("data-jp-theme-name", name)


class Cells:
    """The cells of the notebook in front, by their ids."""

    def __init__(self, page: Page) -> None:
        self.page = page
        ids = page.evaluate("() => jupyterapp.shell.currentWidget.content.widgets.map(cell => cell.model.id)")
        self.number = {name: number for number, name in enumerate(ids)}

    def __getitem__(self, name: str) -> Locator:
        return self.page.locator(f'.jp-Notebook .jp-Cell[data-windowed-list-index="{self.number[name]}"]')

    def output(self, name: str) -> Locator:
        """What a code cell printed."""
        return self[name].locator(".jp-OutputArea-output")

    def button(self, name: str) -> Locator:
        """What lifts a code cell's veil."""
        return self[name].get_by_role("button", name="Run the cell, or show")

    def select(self, name: str) -> None:
        """Makes it the active cell, in command mode."""
        self.page.evaluate(
            """number => {
                const notebook = jupyterapp.shell.currentWidget.content;
                notebook.activeCellIndex = number;
                notebook.mode = 'command';
                notebook.activeCell.node.focus();
            }""",
            self.number[name],
        )

    def active(self) -> str:
        """The id of the active cell."""
        return self.page.evaluate("() => jupyterapp.shell.currentWidget.content.activeCell.model.id")

    def run(self, name: str, key: str = "Control+Enter") -> None:
        """Runs a code cell as a learner does, and returns when it has run."""
        self.select(name)
        self.page.keyboard.press(key)
        self.page.wait_for_function(ANSWERED, arg=self.number[name], timeout=PATIENCE)


def is_dirty(page: Page) -> bool:
    """Whether JupyterLab takes the notebook in front for changed."""
    return page.evaluate("() => jupyterapp.shell.currentWidget.content.model.dirty")


def cells(page: Page) -> list[dict]:
    """The cells of the notebook in front as JupyterLab would save them."""
    return page.evaluate("() => jupyterapp.shell.currentWidget.content.model.toJSON().cells")
