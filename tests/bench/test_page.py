"""The link that a page of a site is stored as."""

from html.parser import HTMLParser
from types import SimpleNamespace

import pytest

from support import BenchError
from support.bench.page import Page

SITE = SimpleNamespace(name="nginx <8080>", url="http://127.0.0.1:8080")


def link(page: Page) -> tuple[dict, str]:
    """The attributes and the text of the page's link."""
    seen, texts = [], []
    parser = HTMLParser()
    parser.handle_starttag = lambda tag, attributes: seen.append((tag, dict(attributes)))
    parser.handle_data = texts.append
    parser.feed(page._repr_html_())
    ((tag, attributes),) = seen
    assert tag == "a"
    return attributes, "".join(texts)


def test_it_is_a_link_with_a_title_and_says_the_same_as_text():
    page = Page(SITE, '/tea?a=1&b="2"')
    attributes, text = link(page)
    assert attributes["href"] == text == page.url == 'http://127.0.0.1:8080/tea?a=1&b="2"'
    assert attributes["class"] == "bench-page"
    assert attributes["title"] == "A page of nginx <8080> · nginx <8080>의 페이지"
    assert repr(page) == f"nginx <8080>: {page.url}"


def test_a_path_stays_on_the_site():
    assert Page(SITE, "//elsewhere/").url == "http://127.0.0.1:8080//elsewhere/"
    with pytest.raises(BenchError, match='write "/tea"'):
        Page(SITE, "tea")


def test_the_bench_makes_it(bench):
    assert bench.page(SITE).url == "http://127.0.0.1:8080/"
