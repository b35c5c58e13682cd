"""What came beside what was wanted: the caret stands under the first place where they part."""

import pytest
from wcwidth import wcswidth

from support.exercises.compare import WIDTH, compared


def parts(came, wanted) -> tuple[str, str, int]:
    """The two lines, and the column of the caret."""
    name, wanted_line, other, came_line, caret = compared(came, wanted).splitlines()
    assert (name, other) == ("wanted · 기대", "came · 실제")
    assert caret.strip() == "^"
    return wanted_line[2:], came_line[2:], caret.index("^") - 2


@pytest.mark.parametrize(
    ("came", "wanted", "at"),
    [
        (b"GET /a HTTP/1.1\r\n", b"GET /b HTTP/1.1\r\n", len("GET /")),
        (b"GET / HTTP/1.1\n", b"GET / HTTP/1.1\r\n", len("GET / HTTP/1.1")),
        (b"\xec\x95\x88!", b"\xec\x95\x89!", len(r"\xec\x95")),
        (b"abc", b"abcd", 3),
        (b"abcd", b"abc", 3),
        (b"", b"abc", 0),
        ("404 Not Found", "101 Switching Protocols", 0),
        ("한국어 a", "한국어 b", 7),
        ("a\nb", "a\nc", len(r"a\n")),
        (["yield", "close()"], ["yield", "raise"], len("'yield'  ")),
        ([], ["yield"], 0),
        (None, {"tea": "1"}, 0),
        (5, 6, 0),
        ("5", 5, 0),
    ],
)
def test_the_caret(came, wanted, at):
    wanted_line, came_line, column = parts(came, wanted)
    assert column == at
    assert wanted_line != came_line


def test_bytes_are_shown_as_bytes():
    wanted, came, _ = parts(b"\x00$5\\\r\n", "안".encode())
    assert (wanted, came) == (r"\xec\x95\x88", r"\x00$5\\\r\n")


def test_what_is_long_is_cut_on_both_sides_of_the_caret():
    wanted, came, at = parts(b"a" * 500 + b"x" + b"c" * 500, b"a" * 500 + b"y" + b"c" * 500)
    assert (came[at], wanted[at]) == ("x", "y")
    assert came[0] == came[-1] == "…"
    assert wcswidth(came) <= WIDTH + 1


def test_the_caret_stands_right_under_wide_characters():
    _, came, at = parts("가" * 100 + "x", "가" * 100 + "y")
    assert wcswidth(came[: came.index("x")]) == at
