"""The fixtures of the tests that look at a lesson in JupyterLab. Each module has a `root`: the folder served."""

from collections.abc import Iterator
from pathlib import Path

import learner
import pytest
from browser import browser_page, jupyterlab
from learner import Cells
from playwright.sync_api import Page


@pytest.fixture(scope="module")
def lab(root: Path) -> Iterator[str]:
    """The URL of a JupyterLab on the module's folder."""
    with jupyterlab(root, "--LabApp.expose_app_in_browser=True") as url:
        yield url


@pytest.fixture(scope="module")
def browser() -> Iterator[Page]:
    """A page of a browser, for `learner.visitor`."""
    with browser_page() as page:
        yield page


@pytest.fixture
def page(browser: Page, lab: str) -> Iterator[Page]:
    """lesson.ipynb, just opened by someone who was never here before."""
    with learner.visitor(browser) as page:
        learner.open_notebook(page, lab, "lesson.ipynb")
        yield page


@pytest.fixture
def cells(page: Page) -> Cells:
    """The cells of that lesson."""
    return Cells(page)
