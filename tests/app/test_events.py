"""The recorded conversation: reading it, waiting for it, picking from it, showing it."""

import threading

import pytest
import samples

from support import BenchError
from support.app.events import Event, Events, read

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


@pytest.fixture
def path(tmp_path):
    """A file for entries."""
    return tmp_path / "server.events"


def write(path, entries, end: str = "\n") -> None:
    """Adds entries to the file as the recorder does."""
    with path.open("a", encoding="utf-8") as file:
        file.write("".join(f"{entry!r}\n" for entry in entries).rstrip("\n") + end)


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


def test_reading_waits_until_every_exchange_has_ended(path):
    write(path, HTTP[:2])
    threading.Timer(0.1, write, [path, HTTP[2:]]).start()
    assert read(path, "uvicorn", timeout=samples.HANGING).names == Events(HTTP).names


def test_reading_waits_until_an_event(path):
    write(path, HTTP)
    threading.Timer(0.1, write, [path, OPEN]).start()
    assert "websocket.connect" in read(path, "uvicorn", until="websocket.connect", timeout=samples.HANGING).names


def test_what_stays_open_is_no_fault(path):
    write(path, OPEN)
    assert read(path, "uvicorn", timeout=0.05).names == ["scope", "websocket.connect"]


def test_an_entry_that_is_being_written_is_not_read_yet(path):
    write(path, HTTP[:3])
    whole = path.read_bytes() + repr((9, "7-1", "http", "→", "x", "안")).encode()
    for cut in range(1, 5):
        path.write_bytes(whole[:-cut])
        assert read(path, "uvicorn", timeout=0).names == Events(HTTP[:3]).names


@pytest.mark.parametrize(("until", "missing"), [(None, "No event was recorded"), ("nope", "No nope was recorded")])
def test_nothing_was_recorded(path, until, missing):
    with pytest.raises(BenchError) as caught:
        read(path, "uvicorn", until, timeout=0.05)
    assert missing in caught.value.en
    assert "app = record(app)" in caught.value.en
    assert "app = record(app)" in caught.value.ko
    assert samples.HANGUL.search(caught.value.ko)


def test_what_was_recorded_instead_is_the_evidence(path):
    write(path, HTTP)
    with pytest.raises(BenchError) as caught:
        read(path, "uvicorn", "nope", timeout=0.05)
    assert caught.value.evidence == repr(Events(HTTP))


def test_a_server_whose_app_is_not_recorded(shared):
    server = shared.run("python hello.py")
    with pytest.raises(BenchError, match="recorded by python"):
        server.events(timeout=0.05)


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
    assert numbers == ["1"] * 4 + ["2"] * 2


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
