"""What came beside what was wanted, and a caret under the first byte, character or event that differs."""

from itertools import takewhile

from wcwidth import wcswidth

from ..show import visible

BEFORE, WIDTH = 32, 96  # columns: of what is equal before the caret, and of a whole line


def compared(came: object, wanted: object) -> str:
    """Five lines: what was wanted, what came, each under its name, and a caret where they part.

    Bytes are compared by the byte, text by the character, lists by the item; everything else as Python writes it.
    """
    units_came, units_wanted = _units(came, wanted), _units(wanted, came)
    same = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(units_came, units_wanted, strict=False)))
    start = same
    while start and wcswidth("".join(units_wanted[start - 1 : same])) <= BEFORE:
        start -= 1
    before = ("…" if start else "") + "".join(units_wanted[start:same])
    lines = [_cut(before, units[same:]) for units in (units_wanted, units_came)]
    caret = " " * wcswidth(before) + "^"
    # The names have lines of their own: in many fonts Hangul is not quite two columns wide.
    return "\n".join(("wanted · 기대", f"  {lines[0]}", "came · 실제", f"  {lines[1]}", f"  {caret}"))


def _units(value: object, other: object) -> list[str]:
    """What is compared one by one, each as it is shown."""
    if not value or type(value) is not type(other) or not isinstance(value, bytes | str | list | tuple):
        return list(repr(value))
    if isinstance(value, bytes):
        return [visible(value[at : at + 1]) for at in range(len(value))]
    if isinstance(value, str):
        return [character if character.isprintable() else repr(character)[1:-1] for character in value]
    return [f"{item!r}  " for item in value]


def _cut(before: str, units: list[str]) -> str:
    """The line, at most WIDTH columns wide."""
    line = before
    for unit in units:
        if wcswidth(line + unit) > WIDTH:
            return f"{line}…"
        line += unit
    return line
