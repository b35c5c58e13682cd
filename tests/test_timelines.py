"""Requests beside each other: slots between what is known, and the same each time."""

import pytest
from kept import OK, answer, get, recorded, tapped

from support import BenchError
from support.timelines import timeline


def told(shown) -> dict[str, list[str]]:
    return dict(shown.rows)


def test_one_after_the_other():
    moves = [(0, "→", get("/b"), 1), (1, "←", OK, 1), (2, "→", get("/a"), 2), (3, "←", OK, 2)]
    shown = timeline(tapped(*moves))
    assert shown.slots == ["GET /b arrives", "GET /b answered", "GET /a arrives", "GET /a answered"]
    assert told(shown) == {
        "GET /b": ["works", "answered", "answered", "answered"],
        "GET /a": ["idle", "idle", "works", "answered"],
    }


def one_worker(first: str, second: str):
    """Two requests at once, of which one worker takes one and then the other; the cell notes what it has seen."""
    return tapped(
        (0, "→", get(first), 1),
        (1, "→", get(second), 2),
        (2, "both are in"),
        (3, "←", answer(4) + b"on", 1),
        (4, "the slow one has begun"),
        (5, "←", b"ly", 1),
        (6, "it has its answer"),
        (7, "←", answer(4) + b"then", 2),
    )


@pytest.mark.parametrize("swapped", [False, True], ids=["as said", "the other way round"])
def test_one_waits_for_the_other(swapped):
    tap = one_worker("/slow", "/fast")
    if swapped:  # which of the two was accepted first makes no difference
        tap = tapped(*((p.when, p.way or p.data.decode(), p.data, 3 - p.connection) for p in tap.pieces))
    shown = timeline(tap)
    notes = ["both are in", "the slow one has begun", "it has its answer"]
    assert [slot for slot in shown.slots if slot in notes] == notes
    states = {line: dict(zip(shown.slots, row, strict=True)) for line, row in shown.rows}
    assert [states["GET /slow"][note] for note in notes] == ["works", "works", "answered"]
    assert [states["GET /fast"][note] for note in notes] == ["waits", "waits", "works"]
    assert repr(shown) == repr(timeline(one_worker("/slow", "/fast")))


def test_a_call_tells_that_it_works():
    """The answer comes after the next note; that the app was called is not known to be before it."""
    tap = tapped((0, "→", get("/a")), (1, "one"), (2, "two"), (3, "←", OK))
    events = recorded((1, "→", "called"), (2, "←", "return"), path="/a")
    assert told(timeline(tap, events))["GET /a"] == ["waits", "waits", "works", "answered"]


def test_equal_requests_are_told_apart():
    moves = [(0, "→", get("/"), 1), (1, "←", OK, 1), (2, "→", get("/"), 2), (3, "←", OK, 2)]
    assert list(told(timeline(tapped(*moves)))) == ["GET / #1", "GET / #2"]


@pytest.mark.parametrize("sources", [(), (3,)])
def test_nothing_and_what_is_no_source(sources):
    with pytest.raises(BenchError):
        timeline(*sources)
