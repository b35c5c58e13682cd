"""A bench that has been cleared, and what stood on it: a sentence, whatever is asked of them."""

import pytest
import samples

from support import Bench, BenchError


def says(use, words: str) -> None:
    """The use raises BenchError with these words, in both languages."""
    with pytest.raises(BenchError, match=words) as caught:
        use()
    assert samples.HANGUL.search(caught.value.ko) and not samples.HANGUL.search(caught.value.en)


def test_an_old_bench_and_its_server(bench):
    web = bench.run("python hello.py")
    new = Bench()
    for use in (
        lambda: bench.run("python hello.py"),
        lambda: bench.nginx("return 200;"),
        lambda: bench.tap(web),
        lambda: bench.load("hello:app"),
    ):
        says(use, "This bench has been cleared")
    for use in (web.log, web.events, lambda: new.tap(web)):
        says(use, "python at .* no longer runs")
    assert web.stale() is None


def test_a_closed_bench(bench):
    bench.close()
    says(lambda: bench.run("python hello.py"), "This bench has been cleared")
