"""Everything that is shown has a text form that can be compared, and an HTML or Markdown form that is safe."""

import html.parser
import re

import pytest
import samples

from support import preflight
from support.exercises import Verdict
from support.show import Diagram, Table, visible

EVIL = "<script>alert('&')</script>"
DIAGRAM = Diagram(["client", "app"], [("client", "app", "GET /"), ("app", "client", 'a;b#c<d>e"f{g}h%i&j')])


class Text(html.parser.HTMLParser):
    """The texts and the tags of a piece of HTML."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.texts, self.tags, self.open = [], set(), []
        self.feed(source)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data)


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"GET /\r\n", "GET /\\r\\n"),
        (b"it's", "it's"),
        (b'it\'s "it"', 'it\'s "it"'),
        (b"\x00\xff\\", "\\x00\\xff\\\\"),
        (b"", ""),
        (b"x" * 72, "x" * 72),
        (b"x" * 1073, "x" * 72 + "… (1,073 bytes)"),
    ],
)
def test_visible_bytes(data, text):
    assert visible(data) == text


def test_a_table_as_text():
    table = Table(("name", "number", ""), [("a", 1, "x"), ("bcdef", 22, "")])
    assert repr(table) == "name   number\na      1       x\nbcdef  22"
    assert repr(Table(("", ""), [("a", "b")])) == "a  b"
    assert repr(Table(("", ""), [])) == ""


def test_a_table_as_html():
    text = Text(Table(("a", "b"), [(EVIL, 1), ("c", 2)], ["out", "in"])._repr_html_())
    assert text.texts == ["a", "b", EVIL, "1", "c", "2"]
    assert text.tags == {"table", "thead", "tbody", "tr", "th", "td"}
    assert '<tr class="in">' in Table(("a",), [("x",)], ["in"])._repr_html_()


def test_a_diagram_as_text():
    assert repr(DIAGRAM).splitlines() == [
        "client  →  app     GET /",
        'app     →  client  a;b#c<d>e"f{g}h%i&j',
    ]


def test_a_diagram_as_markdown():
    first, *lines, last = DIAGRAM._repr_markdown_().splitlines()
    assert (first, last) == ("```mermaid", "```")
    assert lines == [
        "sequenceDiagram",
        "    participant client",
        "    participant app",
        "    client->>app: GET /",
        "    app->>client: a#59;b#35;c#60;d#62;e#34;f#123;g#125;h#37;i#38;j",
    ]


@pytest.mark.parametrize("label", ["one\ntwo", "; participant x", "#35;", "%%{init}%%", "a;b", "", EVIL, "```"])
def test_a_label_stays_in_its_line(label):
    """Mermaid ends a label at a semicolon or a line's end, and reads # as the beginning of an entity."""
    *_, line, end = Diagram(["a", "b"], [("a", "b", label)])._repr_markdown_().splitlines()
    assert end == "```"
    shown = re.fullmatch(r"    a->>b: (.+)", line)[1]
    assert re.sub(r"#(\d+);", lambda entity: chr(int(entity[1])), shown).strip() == label
    assert not re.search(r"[;#<>%{}\"&]", re.sub(r"#\d+;", "", shown))


def test_a_verdict():
    verdict = Verdict(False, EVIL, "틀렸습니다.")
    assert repr(verdict) == f"✗ {EVIL}\n  틀렸습니다."
    assert "".join(Text(verdict._repr_html_()).texts) == f"✗ {EVIL}✗ 틀렸습니다."


def test_what_this_machine_has():
    machine = preflight()
    assert (machine.ok, machine.missing) == (True, [])
    assert re.search(r"^✓  nginx/\d+\.\d+\.\d+$", repr(machine), re.MULTILINE)
    assert re.search(r"^✓  gunicorn/\d+", repr(machine), re.MULTILINE)
    assert "✓" in Text(machine._repr_html_()).texts


def test_what_this_machine_lacks(monkeypatch):
    from support import machine

    monkeypatch.setattr(machine, "find", lambda name: None)
    monkeypatch.setattr(machine, "PACKAGES", ("no-such-package",))
    lacking = preflight()
    assert (lacking.ok, lacking.missing) == (False, ["nginx", "no-such-package"])
    assert "✗  nginx  →  conda install -c conda-forge nginx" in repr(lacking)
    assert "✗  no-such-package  →  %pip install no-such-package" in repr(lacking)
    lacking.versions["CPython"] = None
    assert "✗  CPython  →  python3 support/upkeep/install.py" in repr(lacking)
    assert not samples.HANGUL.search(repr(lacking))
