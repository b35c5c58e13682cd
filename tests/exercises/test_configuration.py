"""A learner's nginx configuration: what a check says of one that it cannot fill in."""

from types import SimpleNamespace

import pytest

from support.exercises import NotYet
from support.exercises.configuration import configuration

SITE = "server { listen {{ listen }}; location / { proxy_pass http://{{ pages.address }}; } }"


@pytest.fixture
def written(tmp_path):
    """A function that writes the file and reads it as a check does that has `pages` and `api`."""

    def read(text: str | None) -> str:
        if text is not None:
            (tmp_path / "site.conf").write_text(text, encoding="utf-8")
        return configuration(SimpleNamespace(folder=tmp_path), "site.conf", ["pages", "api"])

    return read


def test_what_can_be_filled_in_is_given_as_it_stands(written):
    assert written(SITE) == SITE, "configuration() must give the text of the file"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "There is no site.conf yet"),
        (SITE.replace("listen {{ listen }}; ", ""), "The line listen {{ listen }}; is missing"),
        (SITE.replace("{{ listen }}", "80"), "The line listen {{ listen }}; is missing"),
        (f"# {SITE}", "The line listen {{ listen }}; is missing"),
        (SITE.replace("pages", "pages_tap"), "{{ }} can name listen, pages and api, not pages_tap"),
    ],
)
def test_what_cannot_is_told(written, text, said):
    with pytest.raises(NotYet) as wrong:
        written(text)
    assert said in wrong.value.said.en, f"the sentence must say what to write: {wrong.value.said.en}"


def test_a_template_that_is_not_well_formed_is_left_to_the_bench(written):
    broken = SITE.replace("pages.address }}", "pages.address")
    assert written(broken) == broken, "Bench.nginx() has more to say of this, with the line"
