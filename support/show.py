"""One thing to look at, in HTML and as text that can be compared: Table, Diagram, Timeline.

Each stands in a notebook as an HTML table that needs nothing else to be read: bytes in `<code>`, so that neither
MathJax nor a sanitiser changes one; arrows, marks and states as text, beside the classes that bench.css colours.
An untrusted notebook keeps no role, aria-* or tabindex and GitHub no class at all, so no meaning rests on them.

The text form (`repr`) says the same in lines, which the notebooks store and pytest compares.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from html import escape
from itertools import groupby

from wcwidth import wcswidth

LONGEST = 72  # bytes of one piece that are shown before it is cut
LABEL = 60  # columns of an arrow's label before the rest goes into a fold
ESCAPE = r"\\(?:[nrt\\]|x[0-9a-f]{2})"


def visible(data: bytes, longest: int = LONGEST) -> str:
    """The bytes as one line of text: printable ASCII as it is, the rest and `\\` escaped, a long one cut."""
    text = data[:longest].decode("latin-1").encode("unicode_escape").decode()
    return text if len(data) <= longest else f"{text}… ({len(data):,} bytes)"


def marked(text: str) -> str:
    """The HTML of bytes written as text, in which escapes are told apart from what stands beside them."""
    return "".join(
        f'<span class="esc">{piece}</span>' if number % 2 else escape(piece, quote=False)
        for number, piece in enumerate(re.split(f"((?:{ESCAPE})+)", text))
    )


def code(text: str) -> str:
    """The same inside `<code>`, or nothing for nothing."""
    return f"<code>{marked(text)}</code>" if text else ""


class Table:
    """Rows under a heading; `classes` may name a CSS class (in, out, note, bad, ok) for each row.

    A cell is words, a number, bytes, or an object that writes its own HTML (`_cell_html_`). In a table that
    compares, the first column names the row, and a cell unlike its others (in its row with compare="rows", in its
    column with compare="columns") stands out, with a ≠. Raises TypeError for a cell that holds several things.
    """

    def __init__(
        self,
        columns: Sequence[str],
        rows: Iterable[Sequence[object]],
        classes: Iterable[str] = (),
        *,
        caption: str = "",
        compare: str = "",
    ) -> None:
        if compare not in ("", "rows", "columns"):
            raise ValueError(f"compare is 'rows' or 'columns', not {compare!r}")
        self.columns, self.caption, self.compare = [_line(column) for column in columns], caption, compare
        self.cells = [[_cell(cell) for cell in row] for row in rows]
        self.rows = [[_line(str(cell)) for cell in row] for row in self.cells]
        self.classes = list(classes)

    @property
    def differing(self) -> set[tuple[int, int]]:
        """The row and column of each cell unlike those that it is compared with."""
        if self.compare == "rows":
            return {(row, place + 1) for row, line in enumerate(self.rows) for place in _unlike(line[1:])}
        if self.compare == "columns":
            columns = list(zip(*self.rows, strict=True))[1:]
            return {(place, column + 1) for column, line in enumerate(columns) for place in _unlike(line)}
        return set()

    def __repr__(self) -> str:
        differing = self.differing
        lines = [self.columns] if any(self.columns) else []
        for number, row in enumerate(self.rows):
            lines.append([f"≠ {cell}" if (number, place) in differing else cell for place, cell in enumerate(row)])
        return "\n".join(filter(None, (self.caption, _aligned(lines))))

    def _repr_html_(self) -> str:
        top = f"<caption>{escape(self.caption)}</caption>" if self.caption else ""
        if any(self.columns):
            heads = (_th(column) if column else "<td></td>" for column in self.columns)
            top += f"<thead><tr>{''.join(heads)}</tr></thead>"
        differing, body = self.differing, []
        for number, row in enumerate(self.cells):
            name = f' class="{self.classes[number]}"' if number < len(self.classes) else ""
            cells = (self._td(cell, place, (number, place) in differing) for place, cell in enumerate(row))
            body.append(f"<tr{name}>{''.join(cells)}</tr>")
        return _table("bench", f"{top}<tbody>{''.join(body)}</tbody>")

    def _td(self, cell: object, place: int, differs: bool) -> str:
        own = getattr(cell, "_cell_html_", None)
        html = own() if own else code(_line(str(cell)))
        if self.compare and place == 0:
            return f'<th scope="row">{_left(html)}</th>'
        if differs:
            return f'<td class="differs">{_left(f"<b>≠</b> {html}")}</td>'
        return f"<td>{_left(html)}</td>"


LOOSE = (
    '<span class="loose" title="its order among these rows is not known'
    ' · 앞뒤 행과 어느 쪽이 먼저인지 알 수 없습니다">≈</span>'
)


@dataclass(frozen=True)
class Arrow:
    """One row of a Diagram: what went from one lane to another, or stayed in one (start == end).

    `kind` is wire (bytes), app (a call or an event) or end (a FIN or a RST). `loose` is True where the row's place
    among its neighbours is not known, only chosen (shown as ≈); `both` where it is not known who was first.
    """

    start: str
    end: str
    label: str
    kind: str = "wire"
    loose: bool = False
    both: bool = False


@dataclass(frozen=True)
class Note:
    """One row of a Diagram across all lanes: what the cell itself did, or a connection's name."""

    text: str


class Diagram:
    """A sequence of arrows between lanes (client, nginx, a server, app), from top to bottom, drawn as a table.

    A lane is two columns and its line the border between them. Beside each lane lies one more column, which takes
    what width the labels need. An arrow is one cell, from its left lane's line to its right lane's.
    """

    def __init__(self, lanes: Sequence[str], rows: Iterable[Arrow | Note]) -> None:
        self.lanes, self.rows = list(lanes), list(rows)

    def __repr__(self) -> str:
        arrows = [row for row in self.rows if isinstance(row, Arrow)]
        gutter = "  " if any(arrow.loose for arrow in arrows) else ""
        starts = max((wcswidth(arrow.start) for arrow in arrows), default=0)
        ends = max((wcswidth(arrow.end) for arrow in arrows), default=0)
        lines = []
        for row in self.rows:
            if isinstance(row, Note):
                lines.append(f"{gutter}— {_line(row.text)}")
                continue
            sign = "⇄" if row.both else "↻" if row.start == row.end else "→"
            ways = f"{_padded(row.start, starts)} {sign} {_padded(row.end, ends)}"
            lines.append(f"{'≈ ' if row.loose else gutter}{ways}  {_line(row.label)}")
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        columns = "<col>" + '<col class="lane" span="2"><col>' * len(self.lanes)
        heads = [f'<th scope="col" colspan="2">{_centred(escape(lane))}</th>' for lane in self.lanes]
        rows = "".join(self._note(row) if isinstance(row, Note) else self._arrow(row) for row in self.rows)
        caption = f"<caption>{escape(' ⇄ '.join(self.lanes))}</caption>"
        top = f"<colgroup>{columns}</colgroup><thead><tr>{'<td></td>'.join(['', *heads, ''])}</tr></thead>"
        inside = f"{caption}{top}<tbody>{rows}</tbody>"
        return _box(_table("bench diagram", inside))

    def _note(self, note: Note) -> str:
        return f'<tr class="across"><td colspan="{3 * len(self.lanes) + 1}">{_centred(escape(note.text))}</td></tr>'

    def _arrow(self, arrow: Arrow) -> str:
        start, end = self.lanes.index(arrow.start), self.lanes.index(arrow.end)
        first, last = sorted((start, end))
        if start == end:  # beside its lane: up to the next one, or for the last one from the one before
            first, last = (start, end + 1) if start + 1 < len(self.lanes) else (start - 1, end)
        # The stretches from lane to lane, each ending in a lane's line, but for what lies right of the last.
        cells = ['<td class="line" colspan="2"></td>', *['<td class="line" colspan="3"></td>'] * (len(self.lanes) - 1)]
        label = self._label(arrow, start, end)
        span = 3 * (last - first) - (first < 0)
        cells[first + 1 : last + 1] = [f'<td class="line" colspan="{span}">{label}</td>']
        name = "note" if arrow.both or start == end else "out" if start < end else "in"
        return f'<tr class="{name} {arrow.kind}">{"".join(cells)}<td colspan="2"></td></tr>'

    def _label(self, arrow: Arrow, start: int, end: int) -> str:
        """The inside of the arrow's cell, with its head as text at the side to which it points."""
        sign, name = ("↻", "self") if start == end else ("→", "right") if start < end else ("←", "left")
        sign, name = ("⇄", "both") if arrow.both else (sign, name)
        if start == end == len(self.lanes) - 1:
            name += " last"
        text, head = _line(arrow.label), f'<span class="head">{sign}</span>'
        parts = [LOOSE] * arrow.loose + [code(_cut(text, LABEL))]
        parts.insert(len(parts) if sign == "→" else 0, head)
        html = " ".join(filter(None, parts))
        if _cut(text, LABEL) != text:
            html = f"<details><summary>{html}</summary><pre>{code(text)}</pre></details>"
        return f'<div align="center" class="arrow {name}">{html}</div>'


STATES = {"idle": " ", "waits": "░", "works": "█", "answered": "✓"}
SLOT = 4  # columns of one slot in the text form


class Timeline:
    """Requests as bars over slots: who is worked on, who waits for whom, who has its answer.

    A slot lies between two events, never between two times, so that a slow machine draws the same picture. `slots`
    names the events in their order; each begins a slot that lasts until the next. A row is a request's label and
    its state in each slot: the first word is one of STATES ("" is idle) and more may follow it, which is shown.

        Timeline(
            ["GET /slow arrives", "GET /fast arrives", "GET /slow answered", "GET /fast answered"],
            [
                ("GET /slow", ["works", "works", "answered", "answered"]),
                ("GET /fast", ["idle", "waits for GET /slow", "works", "answered"]),
            ],
        )

    Raises ValueError for another word, and for a row with more or fewer states than there are slots.
    """

    def __init__(self, slots: Sequence[str], rows: Iterable[tuple[str, Sequence[str]]]) -> None:
        self.slots = list(slots)
        self.rows = [(label, [state.strip() or "idle" for state in states]) for label, states in rows]
        for label, states in self.rows:
            if len(states) != len(self.slots):
                raise ValueError(f"{label}: {len(states)} states for {len(self.slots)} slots")
            if unknown := {state.split()[0] for state in states} - set(STATES):
                raise ValueError(f"{label}: {', '.join(sorted(unknown))} is none of {', '.join(STATES)}")

    def __repr__(self) -> str:
        numbers = "".join(f"{number:<{SLOT}}" for number in range(1, len(self.slots) + 1))
        rows = [["", numbers, ""]]
        for label, states in self.rows:
            runs = list(_runs(states))
            told = dict.fromkeys(state for state, _ in runs if " " in state)
            rows.append([_line(label), "".join(map(self._bar, *zip(*runs, strict=True))), ", ".join(told)])
        legend = "  ".join(f"{sign} {word}" for word, sign in STATES.items() if word != "idle")
        events = [f"{number} {_line(slot)}" for number, slot in enumerate(self.slots, 1)]
        return "\n".join((_aligned(rows), legend, *events))

    def _bar(self, state: str, slots: int) -> str:
        """The run of one state, as wide as its slots; an answer is a moment and marked once."""
        word = state.split()[0]
        drawn = 1 if word == "answered" else slots * SLOT
        return (STATES[word] * drawn).ljust(slots * SLOT)

    def _repr_html_(self) -> str:
        rows = []
        for label, states in self.rows:
            cells = "".join(self._tds(state, slots) for state, slots in _runs(states))
            rows.append(f'<tr><th scope="row">{_left(code(_line(label)))}</th>{cells}</tr>')
        heads = f"<thead><tr><td></td>{''.join(map(_th, self.slots))}</tr></thead>"
        return _box(_table("bench timeline", f"{heads}<tbody>{''.join(rows)}</tbody>"))

    def _tds(self, state: str, slots: int) -> str:
        """The cells of a run of one state: one bar, or a mark and what is empty after it."""
        word = state.split()[0]
        empty = '<td class="idle"></td>'
        if word == "idle":
            return empty * slots
        inside = _left(f'<span class="sign">{STATES[word]}</span> {escape(state)}')
        if word == "answered":
            return f'<td class="answered">{inside}</td>{empty * (slots - 1)}'
        return f'<td class="{word}" colspan="{slots}">{inside}</td>'


# -- text --------------------------------------------------------------------------------------------------


def _cell(cell: object) -> object:
    """The cell, with bytes made visible."""
    if isinstance(cell, dict | list | tuple | set | frozenset):
        raise TypeError(f"a cell shows one thing, and this is a {type(cell).__name__}: {cell!r}")
    return visible(cell) if isinstance(cell, bytes | bytearray) else cell


def _line(text: str) -> str:
    """The text in one line: what cannot be printed is escaped."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def _padded(text: str, columns: int) -> str:
    """The text and as many spaces as make it so wide; Hangul takes two columns."""
    return text + " " * (columns - wcswidth(text))


def _aligned(lines: list[list[str]]) -> str:
    """The lines with their cells one under the other."""
    widths = [max(map(wcswidth, column)) for column in zip(*lines, strict=True)]
    widths[-1:] = [0]  # nothing stands right of the last column, so it needs no padding
    padded = ("  ".join(map(_padded, line, widths)) for line in lines)
    return "\n".join(text if line[-1] else text.rstrip() for text, line in zip(padded, lines, strict=True))


def _cut(text: str, columns: int) -> str:
    """As much of the text as fits, no escape torn apart, then …"""
    if wcswidth(text) <= columns:
        return text
    pieces = re.findall(f"{ESCAPE}|.", text[: columns + 4])  # and the rest of an escape, which has at most four
    while wcswidth("".join(pieces)) >= columns:
        del pieces[-1]
    return "".join(pieces) + "…"


def _unlike(cells: Sequence[str]) -> set[int]:
    """The places of the cells unlike the commonest; of all, if they differ and none is commoner than the rest."""
    counts = Counter(cells).most_common(2)
    if len(counts) < 2:
        return set()
    usual = counts[0][0] if counts[0][1] > counts[1][1] else None
    return {place for place, cell in enumerate(cells) if cell != usual}


def _runs(states: Sequence[str]) -> Iterator[tuple[str, int]]:
    """Each state with the number of slots for which it lasts."""
    return ((state, len(list(run))) for state, run in groupby(states))


# -- HTML --------------------------------------------------------------------------------------------------


def _table(classes: str, inside: str) -> str:
    # What MathJax 3 (JupyterLab) and 2 (nbconvert) leave alone, for a $ in a heading or a note.
    return f'<table class="{classes} mathjax_ignore tex2jax_ignore">{inside}</table>'


def _box(table: str) -> str:
    # Chromium and Firefox let the keyboard into what scrolls; elsewhere it needs tabindex, which only a run cell keeps.
    return f'<div class="bench box" tabindex="0">{table}</div>'


def _left(html: str) -> str:
    # JupyterLab's and nbconvert's own style sheets set every td and th to the right; this outweighs them.
    return f'<div align="left">{html}</div>' if html else ""


def _centred(html: str) -> str:
    return f'<div align="center">{html}</div>'


def _th(text: str) -> str:
    return f'<th scope="col">{_left(escape(text))}</th>'
