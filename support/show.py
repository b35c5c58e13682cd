"""Tables and diagrams: one thing to look at, in HTML or Markdown, and as text that can be compared."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape

LONGEST = 72  # bytes of one piece that are shown before it is cut


def visible(data: bytes, longest: int = LONGEST) -> str:
    """The bytes as one line of text: printable ASCII as it is, everything else escaped, a long one cut."""
    text = repr(data[:longest])[2:-1].replace("\\'", "'")
    return text if len(data) <= longest else f"{text}… ({len(data):,} bytes)"


class Table:
    """Rows under a heading. `classes` may name a CSS class (in, out, bad …) for each row."""

    def __init__(self, columns: Sequence[str], rows: Iterable[Sequence[object]], classes: Iterable[str] = ()) -> None:
        self.columns = list(columns)
        self.rows = [[str(cell) for cell in row] for row in rows]
        self.classes = list(classes)

    def __repr__(self) -> str:
        lines = [self.columns, *self.rows] if any(self.columns) else self.rows
        widths = [max(map(len, column), default=0) for column in zip(*lines, strict=True)]
        widths[-1:] = [0]  # nothing stands right of the last column, so it needs no padding
        return "\n".join(
            "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines
        )

    def _repr_html_(self) -> str:
        head = "".join(f"<th>{escape(column)}</th>" for column in self.columns)
        body = []
        for number, row in enumerate(self.rows):
            name = f' class="{self.classes[number]}"' if number < len(self.classes) else ""
            cells = "".join(f'<td class="code">{escape(cell)}</td>' for cell in row)
            body.append(f"<tr{name}>{cells}</tr>")
        top = f"<thead><tr>{head}</tr></thead>" if any(self.columns) else ""
        return f'<table class="bench">{top}<tbody>{"".join(body)}</tbody></table>'


@dataclass(frozen=True)
class Arrow:
    """One row of a Diagram: what went from one lane to another.

    `loose` is True where the row's place among its neighbours is not known, only chosen (shown as ≈); `kind` is
    wire (bytes), app (a call or an event) or end (a FIN or a RST).
    """

    start: str
    end: str
    label: str
    kind: str = "wire"
    loose: bool = False


@dataclass(frozen=True)
class Note:
    """One row of a Diagram across all lanes: what the cell itself did, or a connection's name."""

    text: str


class Diagram:
    """A Mermaid sequence diagram of arrows (from, to, label) between lanes, drawn by JupyterLab itself."""

    def __init__(self, lanes: Sequence[str], arrows: Iterable[tuple[str, str, str]]) -> None:
        self.lanes, self.arrows = list(lanes), list(arrows)

    def __repr__(self) -> str:
        return repr(Table(("", "", "", ""), ((a, "→", b, label) for a, b, label in self.arrows)))

    def _repr_markdown_(self) -> str:
        lines = ["sequenceDiagram", *(f"    participant {lane}" for lane in self.lanes)]
        lines += [f"    {a}->>{b}: {_label(label)}" for a, b, label in self.arrows]
        return "```mermaid\n" + "\n".join(lines) + "\n```"


def _label(text: str) -> str:
    """The text with what Mermaid or HTML would read as syntax written as Mermaid's character entities."""
    return "".join(f"#{ord(c)};" if c in '#;&<>%{}"\n' else c for c in text) or " "
