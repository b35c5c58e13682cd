"""The recorded conversation: picking from it, telling what goes on, showing it."""

import pytest

from support.app.entries import FULL, MOST, entry
from support.app.events import MOST_ROWS, Cut, CutText, Event, Events, parse

SCOPE = {"type": "http", "method": "GET", "path": "/a", "query_string": b"q=1"}
SOCKET = {"type": "websocket", "path": "/chat"}
START = {"type": "http.response.start", "status": 200, "headers": [(b"x-a", b"1")]}
HTTP = [
    (1, "7-1", "http", "→", "scope", SCOPE),
    (2, "7-1", "http", "→", "http.request", {"type": "http.request", "body": b"", "more_body": False}),
    (3, "7-1", "http", "←", "http.response.start", START),
    (4, "7-1", "http", "←", "return", None),
]
OPEN = [
    (5, "7-2", "websocket", "→", "scope", SOCKET),
    (6, "7-2", "websocket", "→", "websocket.connect", {"type": "websocket.connect"}),
]
LIFESPAN = [(0, "7-0", "lifespan", "→", "scope", {"type": "lifespan"})]
WSGI = [
    (1, "8-1", "wsgi", "→", "app(environ, start_response)", {"REQUEST_METHOD": "GET", "PATH_INFO": "/a"}),
    (2, "8-1", "wsgi", "←", "return", "<list>"),
]
END = (3, "8-1", "wsgi", "←", "end", None)


def test_names_come_in_the_order_in_which_it_happened():
    assert Events(reversed(HTTP)).names == ["scope", "http.request", "http.response.start", "return"]


def test_one_event():
    event = Events(HTTP)[2]
    assert isinstance(event, Event)
    assert (event.when, event.exchange, event.kind, event.way) == (3, "7-1", "http", "←")
    assert event.data["status"] == 200


def test_as_a_sequence():
    events = Events(HTTP)
    assert (len(events), [event.name for event in events]) == (4, events.names)
    assert [event.name for event in events[1:3]] == ["http.request", "http.response.start"]


def test_only_one_kind():
    events = Events([*LIFESPAN, *HTTP, *OPEN], "uvicorn")
    kinds = {kind: len(events.only(kind)) for kind in ("wsgi", "http", "websocket", "lifespan")}
    assert kinds == {"wsgi": 0, "http": 4, "websocket": 2, "lifespan": 1}
    assert (events.only("http").server, events.only("http").open, events.only("websocket").open) == (
        "uvicorn",
        set(),
        {"7-2"},
    )


@pytest.mark.parametrize(
    ("entries", "still_open"),
    [
        (HTTP, set()),
        (HTTP[:3], {"7-1"}),
        ([*HTTP, *OPEN], {"7-2"}),
        (LIFESPAN, set()),
        (WSGI, {"8-1"}),
        ([*WSGI, END], set()),
    ],
)
def test_what_is_still_open(entries, still_open):
    assert Events(entries).open == still_open


def test_the_end_of_a_wsgi_call_is_not_an_event():
    assert Events([*WSGI, END]).names == ["app(environ, start_response)", "return"]


def test_the_table():
    assert repr(Events(HTTP)).splitlines() == [
        "→  scope                http GET /a?q=1",
        "→  http.request         body=b''  more_body=False",
        "←  http.response.start  200  x-a: 1",
        "←  return",
    ]
    assert repr(Events([])) == "nothing was recorded"


def test_the_table_numbers_several_exchanges():
    numbers = [line.split()[0] for line in repr(Events([*HTTP, *OPEN])).splitlines()]
    assert numbers == ["1"] * 4 + ["2"] * 3


def test_the_table_numbers_several_workers_without_their_pids():
    head, *rows = repr(Events([*HTTP, *OPEN, (7, "9301-1", "http", "→", "scope", SCOPE)])).splitlines()
    assert head.split() == ["worker", "call"]
    assert [row.split()[:2] for row in rows[:7]] == [["1", "1"]] * 4 + [["1", "2"]] * 2 + [["2", "3"]]
    assert "9301" not in repr(rows)


RECEIVE = (8, "7-2", "websocket", "→", "receive()", None)
GOING_ON = [
    (HTTP[:3], "…  has not returned"),
    (OPEN, "…  has not returned"),
    ([*OPEN, RECEIVE], "…  waits in receive()"),
    ([*OPEN, RECEIVE, (9, "7-2", "websocket", "→", "websocket.receive", {"text": "hi"})], "…  has not returned"),
    (WSGI[:1], "…  has not returned"),
    (WSGI, "…  no StopIteration yet"),
    ([*WSGI, (3, "8-1", "wsgi", "←", "StopIteration", None)], "…  no close() yet"),
]


@pytest.mark.parametrize(("entries", "row"), GOING_ON)
def test_the_last_row_tells_what_goes_on(entries, row):
    assert repr(Events(entries)).splitlines()[-1] == row
    assert "receive()" not in Events(entries).names


@pytest.mark.parametrize("entries", [HTTP, [*WSGI, END], LIFESPAN])
def test_what_has_ended_has_no_such_row(entries):
    assert "…" not in repr(Events(entries))


def test_a_process_that_has_ended_waits_for_nothing():
    assert repr(Events([*OPEN, RECEIVE], gone=[7])).splitlines()[-1] == "…  its process has ended"


def test_some_of_the_events_tell_what_goes_on_only_where_the_last_one_is_among_them():
    events = Events([*HTTP, *OPEN, RECEIVE])
    assert "waits" in repr(events.last)
    assert "…" not in repr(events[:5]) + repr(events.only("http"))


def test_a_long_table_says_how_much_it_leaves_out():
    lines = repr(Events([(n, "7-1", "http", "←", f"n{n}", None) for n in range(10_000)])).splitlines()
    assert len(lines) == MOST_ROWS + 2
    assert lines[0].split() == ["←", "n0"]
    assert lines[MOST_ROWS // 2].split() == ["…", "9,800", "more", "events"]
    assert lines[-2:] == ["←  n9999", "…  has not returned"]


def test_a_full_recording_says_so():
    assert "full (64 MiB) · 기록이 가득" in repr(Events(HTTP, full=True)).splitlines()[-1]
    assert FULL == 64 << 20


def packed(data) -> Event:
    """The event, written and read back."""
    (event,) = parse(entry(1, "7-1", "http", "←", "x", data))
    return event


@pytest.mark.parametrize("size", [MOST, MOST + 1, 50 * MOST])
def test_of_a_long_piece_the_beginning_is_kept_and_its_length(size):
    event = packed({"type": "http.request", "body": b"\x01" * size, "more_body": True})
    assert (event.size, len(event.data["body"]), len(bytes(event.data["body"]))) == (size, size, MOST)
    assert event.data["more_body"] is True
    assert f"… ({size:,} bytes)" in event.detail
    assert len(entry(1, "7-1", "http", "←", "x", b"\x01" * size)) < 2 * MOST


def test_of_a_long_text_too():
    event = packed({"type": "websocket.send", "text": "가" * 10_000, "bytes": None})
    assert isinstance(event.data["text"], CutText)
    assert (event.size, len(event.data["text"]), event.data["text"][:2]) == (30_000, 10_000, "가가")
    assert repr(event.data["text"]).endswith("… (10,000 characters)")
    assert "… (10,000 characters)" in repr(packed("x" * 10_000).data)


def test_a_cut_piece_anywhere():
    data = packed({"a": [(b"x" * 9_000, 1)], b"k" * 9_000: 2}).data
    assert isinstance(data["a"][0][0], Cut)
    assert repr(data["a"][0][0]).endswith("… (9,000 bytes)")
    assert data["<bytes>"] == 2


SIZES = [
    (b"abc", 3),
    ("안", 3),
    ({"body": b"ab"}, 2),
    ({"text": None, "bytes": b"abcd"}, 4),
    ({"text": "안녕", "bytes": None}, 6),
    ({"body": None}, 0),
    ({"type": "http.request"}, 0),
    ([b"not", b"a piece"], 0),
    (None, 0),
    (7, 0),
]


@pytest.mark.parametrize(("data", "size"), SIZES)
def test_the_size_of_an_event(data, size):
    assert packed(data).size == Event(1, "7-1", "http", "←", "x", data).size == size


def test_names_of_any_kind_are_read_back():
    name = "a\tb\nc\\d안\ud800"
    assert parse(entry(1, "7-1", name, "→", name, name))[0].name == name
    assert parse(entry(1, "7-1", name, "→", name, name))[0].data == name


def test_an_entry_that_is_being_written_is_not_read_yet():
    whole = b"".join(entry(*each) for each in HTTP)
    for cut in range(1, 5):
        assert [event.name for event in parse(whole[:-cut])] == Events(HTTP[:3]).names


DETAILS = {
    "bytes": (b"\x00" * 51, "b'" + "\\x00" * 50 + "'… (51 bytes)"),
    "bytes as they are": (b"it's", "b'it's'"),
    "a long text": ("x" * 81, "x" * 80 + "…"),
    "a text of two lines": ("ValueError: one\ntwo", "ValueError: one\\ntwo"),
    "nothing": (None, ""),
    "environ": (
        {"REQUEST_METHOD": "GET", "SCRIPT_NAME": "/s", "PATH_INFO": "/p", "QUERY_STRING": "q"},
        "GET /s/p?q",
    ),
    "a start_response": ({"status": "200 OK", "headers": [("A", "1"), ("B", "2")]}, "200 OK  A: 1, B: 2"),
    "headers in a dict": ({"status": 302, "headers": {"Location": "/new"}}, "302  {'Location': '/new'}"),
    "no headers": ({"status": "200 OK", "headers": None}, "200 OK  None"),
    "headers one by one": ({"status": "200 OK", "headers": "<generator>"}, "200 OK  '<generator>'"),
    "half a header": ({"status": 200, "headers": [(b"a",)]}, "200  [(b'a',)]"),
    "a text in an event": ({"type": "websocket.send", "text": "안녕", "bytes": None}, "text='안녕'"),
}


@pytest.mark.parametrize(("data", "detail"), DETAILS.values(), ids=DETAILS)
def test_a_detail_is_one_line(data, detail):
    assert Event(0, "", "", "←", "x", data).detail == detail


def test_html_is_escaped():
    html = Events([(1, "1", "wsgi", "←", "<b>", "<script>&")])._repr_html_()
    assert "&lt;b&gt;" in html
    assert "&lt;script&gt;&amp;" in html
    assert "<script>" not in html
