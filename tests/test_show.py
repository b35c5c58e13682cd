"""Everything that is shown has a text form that can be compared, and an HTML or Markdown form that is safe."""

import html.parser
import re

import pytest
import samples

from support import preflight
from support.errors import Said
from support.exercises import Verdict
from support.show import Arrow, Diagram, Note, Table, Timeline, code, visible

EVIL = "<script>alert('&')</script>"
LONG = "app(environ, start_response) " + "x" * 100
# What JupyterLab's sanitiser leaves in an untrusted notebook, and the tabindex of a box; no inline style at all.
ATTRIBUTES = {"align", "class", "colspan", "scope", "span", "title", "tabindex"}
DIAGRAM = Diagram(
    ["client", "nginx", "앱"],
    [
        Note("connection 1"),
        Arrow("client", "nginx", "GET /one"),
        Arrow("nginx", "앱", "app(environ)", "app"),
        Arrow("앱", "앱", "이야기", "app"),
        Arrow("앱", "client", EVIL, "wire", loose=True),
        Arrow("client", "nginx", "FIN", "end", both=True),
    ],
)
TIMELINE = Timeline(
    ["/slow arrives", "/fast arrives", "/slow answered", "/fast answered"],
    [
        ("GET /slow", ["works", "works", "answered", "answered"]),
        ("한글", ["", "waits for GET /slow", "works", "answered"]),
    ],
)


class Text(html.parser.HTMLParser):
    """The texts and the tags of a piece of HTML."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.texts, self.tags, self.attributes, self.open = [], set(), set(), []
        self.code = ""
        self.feed(source)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes.update(name for name, _ in attrs)
        if tag != "col":
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data)
        if "code" in self.open:
            self.code += data


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"GET /\r\n", "GET /\\r\\n"),
        (b"it's", "it's"),
        (b'it\'s "it"', 'it\'s "it"'),
        (b"\x00\x7f\xff\\", "\\x00\\x7f\\xff\\\\"),
        (rb"\'", r"\\'"),
        (b"", ""),
        (b"x" * 72, "x" * 72),
        (b"x" * 1073, "x" * 72 + "… (1,073 bytes)"),
    ],
)
def test_visible_bytes(data, text):
    assert visible(data) == text


def test_visible_bytes_can_be_read_back():
    every = bytes(range(256)) * 2
    assert visible(every, 999).encode().decode("unicode_escape").encode("latin-1") == every


@pytest.mark.parametrize(
    ("text", "html"),
    [
        (r"3\r\ntwo\r\n", r'<code>3<span class="esc">\r\n</span>two<span class="esc">\r\n</span></code>'),
        (r"C:\\new", r'<code>C:<span class="esc">\\</span>new</code>'),
        (r"\xed\x95\x9c<&", r'<code><span class="esc">\xed\x95\x9c</span>&lt;&amp;</code>'),
        ("", ""),
    ],
)
def test_escapes_are_told_apart_and_whole(text, html):
    assert code(text) == html
    assert Text(html).code == text


def test_a_table_as_text():
    table = Table(("name", "number", ""), [("a", 1, "x"), ("bcdef", 22, "")])
    assert repr(table) == "name   number\na      1       x\nbcdef  22"
    assert repr(Table(("", ""), [("a", "b")])) == "a  b"
    assert repr(Table(("", ""), [])) == ""


def test_text_is_aligned_by_columns_of_the_screen():
    assert repr(Table(("", ""), [("한글", 1), ("name", 2), ("é", 3)])) == "한글  1\nname  2\né     3"


def test_text_keeps_a_line_for_a_row_and_what_ends_it():
    assert repr(Table(("", ""), [("a\nb\x1b", b"two \n"), ("c", b"x ")])) == "a\\nb\\x1b  two \\n\nc         x "


def test_a_table_as_html():
    text = Text(Table(("a", ""), [(EVIL, 1), ("c", b"$5\\\r\n")], ["out", "in"], caption="x < y")._repr_html_())
    assert "".join(text.texts) == "x < ya" + EVIL + "1c" + r"$5\\\r\n"
    assert text.code == EVIL + "1c" + r"$5\\\r\n"
    assert text.attributes <= ATTRIBUTES
    assert '<tr class="in">' in Table(("a",), [("x",)], ["in"])._repr_html_()
    assert "<thead>" not in Table(("",), [("x",)])._repr_html_()


def test_a_cell_may_write_its_own_html():
    class Chunk:
        def __str__(self):
            return r"3\r\ntwo"

        def _cell_html_(self):
            return "<code><i>3</i>two</code>"

    table = Table(("",), [(Chunk(),)])
    assert repr(table) == r"3\r\ntwo"
    assert "<code><i>3</i>two</code>" in table._repr_html_()


@pytest.mark.parametrize("cell", [{"a": 1}, ("a", 1), [b"a"], {1}])
def test_a_cell_shows_one_thing(cell):
    with pytest.raises(TypeError, match=type(cell).__name__):
        Table(("",), [(cell,)])


SERVERS = ("", "gunicorn", "uvicorn", "daphne")


@pytest.mark.parametrize(
    ("compare", "rows", "differs"),
    [
        ("rows", [("HEAD", "no", "no", "body"), ("GET", 1, 1, 1)], {"body"}),
        ("rows", [("HEAD", "a", "b", "c")], {"a", "b", "c"}),
        ("columns", [("HEAD", "x", "a", "u"), ("GET", "x", "a", "v"), ("PUT", "x", "b", "u")], {"b", "v"}),
        ("columns", [("HEAD", "x", "a", "u")], set()),
        ("", [("HEAD", "no", "no", "body")], set()),
    ],
)
def test_what_differs_stands_out_and_not_by_colour_alone(compare, rows, differs):
    table = Table(SERVERS, rows, compare=compare)
    assert set(re.findall(r"≠ (\w+)", repr(table))) == differs
    html = table._repr_html_()
    assert set(re.findall(r'<td class="differs"><div align="left"><b>≠</b> <code>(\w+)', html)) == differs
    assert html.count("≠") == len(differs)
    assert ('<th scope="row">' in html) == bool(compare)


def test_compare_is_by_rows_or_by_columns():
    with pytest.raises(ValueError, match="row"):
        Table(SERVERS, [], compare="row")


def test_a_diagram_as_text():
    assert repr(DIAGRAM).splitlines() == [
        "  — connection 1",
        "  client → nginx   GET /one",
        "  nginx  → 앱      app(environ)",
        "  앱     ↻ 앱      이야기",
        f"≈ 앱     → client  {EVIL}",
        "  client ⇄ nginx   FIN",
    ]
    assert repr(Diagram(["a", "b"], [Arrow("a", "b", LONG)])) == f"a → b  {LONG}"
    assert repr(Diagram(["a"], [])) == ""


def test_a_diagram_reads_without_a_style_sheet():
    text = Text(DIAGRAM._repr_html_())
    assert "".join(text.texts) == (
        "client ⇄ nginx ⇄ 앱client" + "nginx앱connection 1GET /one →app(environ) →↻ 이야기" + f"← ≈ {EVIL}" + "⇄ FIN"
    )
    assert text.attributes <= ATTRIBUTES
    assert text.code == f"GET /oneapp(environ)이야기{EVIL}FIN"


@pytest.mark.parametrize("lanes", [1, 2, 3, 4])
def test_every_row_of_a_diagram_is_as_wide_as_its_lanes(lanes):
    names = "abcd"[:lanes]
    rows = [Arrow(start, end, "x") for start in names for end in names]
    html = Diagram(names, [*rows, Note("x")])._repr_html_()
    widths = []
    for row in re.findall("<tr.*?</tr>", html):
        spans = [re.search('colspan="([0-9]+)"', cell) for cell in re.findall("<t[hd][^>]*>", row)]
        widths.append(sum(int(span[1]) if span else 1 for span in spans))
    assert widths == [3 * lanes + 1] * (len(rows) + 2)


def test_an_arrow_goes_from_line_to_line():
    html = Diagram("abc", [Arrow("c", "a", "x")])._repr_html_()
    (row,) = re.findall("<tbody><tr[^>]*>(.*)</tr></tbody>", html)
    assert re.findall('<td(?: class="(line)")? colspan="([0-9])">', row) == [("line", "2"), ("line", "6"), ("", "2")]
    assert re.findall("<tr[^>]*class=.([a-z ]+)", html) == ["in wire"]


def test_a_long_label_is_cut_and_whole_in_a_fold():
    text = Text(Diagram(["a", "b"], [Arrow("a", "b", LONG, loose=True)])._repr_html_())
    assert {"details", "summary", "pre"} <= text.tags
    assert text.texts[-6:] == ["≈", " ", LONG[:59] + "…", " ", "→", LONG]
    assert "details" not in Text(Diagram(["a", "b"], [Arrow("a", "b", "x" * 60)])._repr_html_()).tags
    assert "details" not in Text(Diagram(["a", "b"], [Arrow("a", "b", "한" * 30)])._repr_html_()).tags


@pytest.mark.parametrize(
    ("label", "kept"),
    [
        ("한" * 31, "한" * 29),
        ("x" * 57 + r"\r\n\r\n", "x" * 57 + r"\r"),
        ("x" * 57 + r"\xed\x95\x9c", "x" * 57),
        ("x" * 56 + r"\\\\\\", "x" * 56 + r"\\"),
    ],
)
def test_a_label_is_cut_between_characters_and_escapes(label, kept):
    shown = re.search("<summary><code>(.*?)</code>", Diagram(["a", "b"], [Arrow("a", "b", label)])._repr_html_())[1]
    assert re.sub("<.*?>", "", shown) == kept + "…"


@pytest.mark.parametrize("label", ["one\ntwo", "\x1b[0m", "$x$ \\\\", "", EVIL])
def test_a_label_stays_in_its_line(label):
    diagram = Diagram(["a", "b"], [Arrow("a", "b", label)])
    shown = label.replace("\n", "\\n").replace("\x1b", "\\x1b")
    assert repr(diagram) == f"a → b  {shown}"
    assert Text(diagram._repr_html_()).code == shown


def test_a_timeline_as_text():
    assert repr(TIMELINE).splitlines() == [
        "           1   2   3   4",
        "GET /slow  ████████✓",
        "한글           ░░░░████✓     waits for GET /slow",
        "░ waits  █ works  ✓ answered",
        "1 /slow arrives",
        "2 /fast arrives",
        "3 /slow answered",
        "4 /fast answered",
    ]


def test_a_timeline_reads_without_a_style_sheet():
    html = TIMELINE._repr_html_()
    text = Text(html)
    assert text.attributes <= ATTRIBUTES
    slow, fast = re.findall("<tr><th.*?</tr>", html)
    assert Text(slow).texts == ["GET /slow", "█", " works", "✓", " answered"]
    assert Text(fast).texts == ["한글", "░", " waits for GET /slow", "█", " works", "✓", " answered"]
    assert re.findall('<td class="([a-z]+)"(?: colspan="([0-9])")?>', slow + fast) == [
        *[("works", "2"), ("answered", ""), ("idle", "")],
        *[("idle", ""), ("waits", "1"), ("works", "1"), ("answered", "")],
    ]


@pytest.mark.parametrize(("states", "said"), [(["works"], "1 states for 2"), (["works", "sleeps long"], "sleeps is")])
def test_a_timeline_knows_its_slots_and_states(states, said):
    with pytest.raises(ValueError, match=f"GET /: {said}"):
        Timeline(["a", "b"], [("GET /", states)])


def test_a_verdict():
    verdict = Verdict(False, Said(EVIL, "틀렸습니다."))
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
