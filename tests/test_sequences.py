"""The whole conversation as one diagram: lanes, rows, marks and numbers, and the same each time."""

import gzip
import itertools
import os

import httpx
import pictures
import pytest
import samples
from kept import CALL, GET, OK, SWITCH, UPGRADE, answer, get, post, recorded, tapped

from support import BenchError, sequence, sequences
from support.app.events import Events
from support.show import Note

RUNS = int(os.environ.get("RUNS", "3"))  # of each picture of real servers


def said(diagram) -> list[str]:
    """The diagram's rows, one by one; ≈ before those whose place is only chosen."""
    return [
        f"— {r.text}" if isinstance(r, Note) else f"{'≈ ' * r.loose}{r.start} → {r.end}: {r.label}"
        for r in diagram.rows
    ]


def labels(diagram) -> list[str]:
    return [line.partition(": ")[2] or line for line in said(diagram)]


# -- real servers ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("picture", pictures.PICTURES, ids=lambda picture: picture.__name__)
def test_a_picture_is_the_same_each_time(bench, picture):
    pictures.write_apps(bench)
    draw = picture(bench)
    drawings = [repr(draw()) for _ in range(RUNS)]
    assert drawings == [drawings[0]] * RUNS
    assert [line.rstrip() for line in drawings[0].splitlines()] == pictures.EXPECTED[picture.__name__].strip(
        "\n"
    ).splitlines()


# -- lanes -------------------------------------------------------------------------------------------------


def through_nginx():
    front = tapped((0, "→", GET), (9, "←", OK), server="nginx")
    behind = tapped((1, "→", GET), (8, "←", OK), client="nginx")
    return front, behind, recorded(*CALL)


@pytest.mark.parametrize("sources", list(itertools.permutations(through_nginx())), ids=str)
def test_the_order_of_the_arguments_does_not_matter(sources):
    diagram = sequence(*sources)
    assert diagram.lanes == ["client", "nginx", "gunicorn", "app"]
    assert said(diagram) == [
        "client → nginx: GET /",
        "nginx → gunicorn: GET /",
        "gunicorn → app: called GET /",
        "app → gunicorn: start_response 200 OK",
        "app → gunicorn: yield b'hi'",
        "gunicorn → nginx: 200 OK",
        "gunicorn → nginx: Data hi",
        "≈ nginx → client: 200 OK",
        "nginx → client: Data hi",
    ]


def test_two_servers_apps_have_a_lane_each():
    pages = tapped((0, "→", GET), (1, "←", OK), server="pages")
    chat = tapped((5, "→", get("/ws")), (6, "←", OK), server="chat")
    apps = recorded(*CALL, server="pages"), recorded(*CALL, server="chat", path="/ws")
    assert sequence(chat, *apps, pages).lanes == ["client", "pages", "chat", "pages app", "chat app"]


def test_two_servers_of_one_name_have_a_lane_each():
    one, other = tapped((0, "→", GET)), tapped((5, "→", get("/b"), 1))
    other.upstream.port = 8001
    assert sequence(one, other).lanes == ["client", "gunicorn:8000", "gunicorn:8001"]
    calls = recorded(*CALL), recorded(*CALL, path="/b", call="8-1")
    assert sequence(one, other, *calls).lanes[3:] == ["gunicorn:8000 app", "gunicorn:8001 app"]


def test_lanes_without_an_arrow_are_left_out():
    assert sequence(tapped(), recorded(*CALL)).lanes == ["gunicorn", "app"]


def test_what_is_given_twice_is_drawn_once():
    tap, events = tapped((0, "→", GET), (9, "←", OK)), recorded(*CALL)
    assert said(sequence(tap, events, tap, events.last)) == said(sequence(tap, events))


@pytest.mark.parametrize("wrong", [3, None, "tap", samples], ids=["number", "None", "text", "module"])
def test_what_is_neither_a_tap_nor_events_is_told(wrong):
    with pytest.raises(BenchError, match=type(wrong).__name__) as error:
        sequence(tapped(), wrong)
    assert "sequence(tap, server.events())" in error.value.en and "sequence(tap, server.events())" in error.value.ko
    assert samples.HANGUL.search(error.value.ko)


def test_too_much_for_a_picture_is_told():
    moves = [(number, "→←"[number % 2], (GET, OK)[number % 2]) for number in range(2 * sequences.MOST // 3 + 2)]
    with pytest.raises(BenchError, match=r"tap\.clear\(\)") as error:
        sequence(tapped(*moves))
    assert samples.HANGUL.search(error.value.ko)


# -- what is one row, and what is not ----------------------------------------------------------------------


def test_pieces_of_a_body_are_one_however_they_were_cut():
    whole = tapped((0, "→", GET), (1, "←", answer(6) + b"onetwo"))
    cut = tapped((0, "→", GET), (1, "←", answer(6)), (2, "←", b"one"), (3, "←", b"two"))
    chunks = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n", b"3\r\ntwo\r\n0\r\n\r\n"
    chunked = tapped((0, "→", GET), (1, "←", chunks[0]), (2, "←", chunks[1]))
    assert said(sequence(whole)) == said(sequence(cut)) == said(sequence(chunked))
    assert labels(sequence(whole)) == ["GET /", "200 OK", "Data onetwo"]


def test_a_body_is_split_where_a_note_stands():
    tap = tapped((0, "→", GET), (1, "←", answer(6) + b"one"), (2, "has one"), (3, "←", b"two"))
    assert said(sequence(tap))[2:] == ["gunicorn → client: Data one", "— has one", "gunicorn → client: Data two"]


def test_a_note_at_another_tap_stands_there_too():
    tap, other = tapped((0, "→", GET), (1, "←", answer(6) + b"one"), (3, "←", b"two")), tapped((2, "has one"))
    assert labels(sequence(tap, other))[2:] == ["Data one", "— has one", "Data two"]


def test_a_head_and_a_frame_are_split_where_a_note_stands():
    head = tapped((0, "→", GET[:9]), (1, "half a head"), (2, "→", GET[9:]), (3, "←", OK))
    assert labels(sequence(head))[:3] == ["GET / …", "— half a head", "… GET /"]
    frame = tapped((0, "→", UPGRADE), (1, "←", SWITCH), (2, "←", b"\x81\x02h"), (3, "half a frame"), (4, "←", b"i"))
    assert labels(sequence(frame))[2:] == ["TEXT 'hi' …", "— half a frame", "… TEXT 'hi'"]


def test_a_body_is_split_where_the_client_answered_its_first_half():
    tap = tapped((0, "→", post(2)), (1, "←", answer(4) + b"ab"), (2, "→", b"x"), (3, "→", b"y"), (4, "←", b"cd"))
    assert labels(sequence(tap)) == ["POST /", "200 OK", "Data ab", "Data xy", "Data cd"]
    tap = tapped((0, "→", GET), (1, "←", answer(4) + b"ab"), (2, "→", get("/2")), (3, "←", b"cd" + OK))
    assert [label.split(" ", 1)[1] for label in labels(sequence(tap))][1:4] == ["200 OK", "Data ab", "GET /2"]


def test_a_body_is_split_where_only_others_know_that_something_stands_in_it():
    """Of the copy behind the proxy nothing is known between two of its pieces, but the client took turns before it."""
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n"
    more = [(1, "→", b"cd"), (10, "←", chunked), (11, "→", b"ef"), (14, "←", b"0\r\n\r\n")]
    front = tapped((0, "→", post(6) + b"ab"), *more, server="nginx")
    more = [(4, "→", b"cd"), (8, "←", answer(1) + b"x"), (12, "→", b"ef")]
    behind = tapped((2, "→", post(6) + b"ab"), *more, client="nginx")
    scope = {"type": "http", "method": "POST", "path": "/"}
    events = [
        ("→", "scope", scope),
        ("→", "http.request", {"body": b"ab", "more_body": True}),
        ("←", "http.response.start", {"status": 200, "headers": []}),
        ("←", "http.response.body", {"body": b"x", "more_body": False}),
    ]
    call = Events([(number, "7-1", "http", *event) for number, event in enumerate(events)], "gunicorn")
    rows = [row.label for row in sequence(front, behind, call).rows if (row.start, row.label[:4]) == ("nginx", "Data")]
    assert [label for label in rows if label != "Data x"] == ["Data ab", "Data cd", "Data ef"]


def test_a_body_is_split_where_the_server_answered_its_first_half():
    moves = (0, "→", post(4) + b"ab"), (1, "←", answer(4) + b"AB"), (2, "→", b"cd"), (3, "←", b"CD")
    assert labels(sequence(tapped(*moves))) == ["POST /", "Data ab", "200 OK", "Data AB", "Data cd", "Data CD"]


@pytest.mark.parametrize(
    "moves",
    [
        [(0, "→", post(4)), (1, "→", b"abcd"), (2, "←", OK)],
        [(0, "→", post(4)), (1, "←", OK), (2, "→", b"abcd")],
        [(0, "→", post(4) + b"ab"), (1, "←", OK), (2, "→", b"cd")],
    ],
    ids=["before", "after", "around"],
)
def test_a_body_and_the_answer_to_its_head_come_in_any_order(moves):
    assert said(sequence(tapped(*moves))) == [
        "client → gunicorn: POST /",
        "≈ client → gunicorn: Data abcd",
        "gunicorn → client: 200 OK",
        "gunicorn → client: Data hi",
    ]


# -- what is known, and what is not ------------------------------------------------------------------------


def test_the_clock_of_another_process_orders_nothing():
    tap = tapped((100, "→", GET), (103, "←", OK))
    late = [(when + 1000, *rest) for when, *rest in [*CALL, (5, "←", "StopIteration")]]
    early = [(when - 1000, *rest) for when, *rest in [*CALL, (5, "←", "StopIteration")]]
    drawn = said(sequence(tap, recorded(*early)))
    assert drawn == said(sequence(tap, recorded(*late)))
    assert drawn[-3:] == [
        "gunicorn → client: 200 OK",
        "gunicorn → client: Data hi",
        "≈ app → gunicorn: StopIteration",
    ]


def test_bytes_are_counted_and_not_found():
    """The app gives the same piece twice; only counting tells which of them came before the note."""
    pieces = [(4, "←", "yield", b"a"), (5, "←", "yield", b"a")]
    tap = tapped((0, "→", GET), (1, "←", answer(2) + b"a"), (2, "has one"), (3, "←", b"a"))
    assert labels(sequence(tap, recorded(*CALL[:2], *pieces))) == [
        "GET /",
        "called GET /",
        "start_response 200 OK",
        "yield b'a'",
        "200 OK",
        "Data a",
        "— has one",
        "yield b'a'",
        "Data a",
    ]


@pytest.mark.parametrize("software", ["gunicorn/27.0.1", "WSGIServer/0.2 CPython/3.11", "my/1"])
def test_only_servers_that_are_known_to_keep_the_head_have_it_behind_the_item(software):
    tap = tapped((0, "→", GET), (1, "←", OK))
    known = software != "my/1"
    head, item = "gunicorn → client: 200 OK", f"{'' if known else '≈ '}app → gunicorn: yield b'hi'"
    assert said(sequence(tap, recorded(*CALL, software=software)))[3:5] == ([item, head] if known else [head, item])


def test_a_servers_own_page_is_not_the_apps():
    page = b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 2\r\n\r\nhi"
    diagram = sequence(tapped((0, "→", GET), (1, "←", page)), recorded(*CALL, (5, "←", "raise", "ValueError")))
    assert labels(diagram)[-3:] == ["raise ValueError", "500 Internal Server Error", "Data hi"]


def test_an_answer_that_was_over_stands_before_the_next_request():
    moves = [(0, "→", get("/b"), 1), (1, "←", OK, 1), (2, "→", get("/a"), 2), (3, "←", OK, 2)]
    assert said(sequence(tapped(*moves))) == [
        "client → gunicorn: [1] GET /b",
        "gunicorn → client: [1] 200 OK",
        "gunicorn → client: [1] Data hi",
        "client → gunicorn: [2] GET /a",
        "gunicorn → client: [2] 200 OK",
        "gunicorn → client: [2] Data hi",
    ]


def test_exchanges_that_overlap_are_drawn_alike_whichever_was_first():
    one = [(0, "→", get("/b"), 1), (1, "→", get("/a"), 2), (2, "←", OK, 2), (3, "←", OK, 1)]
    other = [(0, "→", get("/a"), 1), (1, "→", get("/b"), 2), (2, "←", OK, 2), (3, "←", OK, 1)]
    assert said(sequence(tapped(*one))) == said(sequence(tapped(*other)))
    assert labels(sequence(tapped(*one)))[::3] == ["[1] GET /a", "[2] GET /b"]
    assert [row.loose for row in sequence(tapped(*one)).rows].count(True) == 3


def test_a_proxy_that_compresses_is_not_counted():
    small = gzip.compress(b"hi" * 50)
    front = tapped((0, "→", GET), (9, "←", answer(len(small), b"Content-Encoding: gzip\r\n") + small), server="nginx")
    behind = tapped((1, "→", GET), (8, "←", answer(100) + b"hi" * 50), client="nginx")
    assert [label[:6] for label in labels(sequence(front, behind))] == [
        "GET /",
        "GET /",
        "200 OK",
        "Data h",
        "200 OK",
        "Data \\",
    ]


def test_a_proxy_that_tries_a_second_server():
    """The one that died gave no answer, so the front's is the other's."""
    front = tapped((0, "→", GET), (9, "←", OK), server="nginx")
    dead = tapped((1, "→", GET), (2, "←", "RST"), client="nginx", server="dead")
    alive = tapped((3, "→", GET), (8, "←", OK), client="nginx", server="alive")
    rows = [f"{row.start} → {row.end}: {row.label}" for row in sequence(alive, dead, front).rows]
    assert rows.index("alive → nginx: 200 OK") < rows.index("nginx → client: 200 OK")


# -- who belongs to whom -----------------------------------------------------------------------------------


def test_a_call_belongs_to_the_connection_whose_port_it_was_told():
    tap = tapped((0, "→", GET, 1), (1, "→", GET, 2), (2, "←", OK, 1), (3, "←", OK, 2), ports={1: 4001, 2: 4002})
    for port in (4001, 4002):
        assert "[a]" not in " ".join(labels(sequence(tap, recorded(*CALL, port=port))))
    both = sequence(tap, recorded(*CALL, port=4001), recorded(*CALL, port=4002, call="7-2"))
    assert [label[:3] for label in labels(both) if "called" in label] == ["[1]", "[2]"]


def test_a_call_from_elsewhere_belongs_to_nobody():
    tap = tapped((0, "→", GET), (1, "←", OK), ports={1: 4001})
    assert "[a] called GET /" in labels(sequence(tap, recorded(*CALL, port=5001)))


def test_calls_on_one_connection_are_paired_in_order():
    tap = tapped((0, "→", GET), (1, "←", OK), (2, "→", GET), (3, "←", OK), ports={1: 4001})
    calls = [recorded(*CALL, port=4001, call=f"7-{number}") for number in (1, 2)]
    assert [label.partition("]")[0] for label in labels(sequence(tap, *calls)) if "called" in label] == ["[1", "[2"]
    # Of one call alone nobody can say which request it answered.
    assert "[a] called GET /" in labels(sequence(tap, calls[1]))


def test_a_call_without_a_port_belongs_to_the_request_with_its_line():
    tap = tapped((0, "→", get("/a%20b?c=1")), (1, "←", OK), (2, "→", GET), (3, "→", GET))
    assert "called GET /a b" in " ".join(labels(sequence(tap, recorded(*CALL, path="/a b"))))
    environ = {"REQUEST_METHOD": "GET", "PATH_INFO": "/a b", "QUERY_STRING": "c=1"}
    events = Events([(2, "7-1", "wsgi", "→", "called", environ)], "gunicorn")
    assert "[1] called GET /a b?c=1" in labels(sequence(tap, events))
    assert "[a] called GET /" in labels(sequence(tap, recorded(*CALL)))


# -- ends --------------------------------------------------------------------------------------------------


def test_ends_are_drawn():
    both = sequence(tapped((0, "→", GET), (1, "←", OK), (2, "→", "FIN"), (3, "←", "FIN"))).rows[-1]
    assert (both.start, both.end, both.label, both.kind, both.both) == ("client", "gunicorn", "FIN", "end", True)
    first = sequence(tapped((0, "→", GET), (1, "→", "FIN"), (2, "←", OK), (3, "←", "FIN")))
    assert said(first)[1::2] == ["client → gunicorn: FIN", "gunicorn → client: Data hi"]
    reset = sequence(tapped((0, "→", GET), (1, "←", OK), (2, "→", "RST"))).rows[-1]
    assert (reset.start, reset.label, reset.both) == ("client", "RST", False)


def test_what_never_crossed_is_drawn_behind_the_end():
    """The client left after the first piece; that the app gave the second one later is likely, and not known."""
    pieces = [(4, "←", "yield", b"one"), (5, "←", "yield", b"two"), (6, "→", "close()")]
    tap = tapped((0, "→", GET), (1, "←", answer(6) + b"one"), (2, "→", "RST"))
    assert said(sequence(tap, recorded(*CALL[:2], *pieces)))[-6:] == [
        "gunicorn → client: 200 OK",
        "gunicorn → client: Data one",
        "client → gunicorn: RST",
        "gunicorn → client: cut short: 3 of 6 bytes",
        "≈ app → gunicorn: yield b'two'",
        "≈ gunicorn → app: close()",
    ]


def test_what_nobody_can_read_is_drawn_in_the_order_of_the_tap():
    moves = [(0, "→", b"\x00\x01"), (1, "←", b"\x02"), (2, "→", b"\x03")]
    assert [row.start for row in sequence(tapped(*moves)).rows] == ["client", "gunicorn", "client"]


@pytest.mark.parametrize("body", ["hello", b"hello", None], ids=["a text", "numbers", "nothing"])
def test_an_app_that_yields_what_is_no_piece_is_drawn_too(body):
    pieces = body if isinstance(body, bytes) else [body]
    events = recorded(*CALL[:2], *((3, "←", "yield", piece) for piece in pieces))
    lines = said(sequence(events, tapped((0, "→", GET), (4, "←", OK))))
    assert len(lines) == 5 + len(pieces)


def test_a_call_behind_a_proxy_is_paired_by_its_request_line(bench):
    """No tap stands before the app's server, so its address tells nothing; and an answer needs its app."""
    (bench.folder / "app.py").write_text(
        "from support import record\n@record\nasync def app(scope, receive, send):\n"
        "    await send({'type': 'http.response.start', 'status': 200})\n"
        "    await send({'type': 'http.response.body', 'body': b'hello'})\n"
    )
    web = bench.run("uvicorn app:app --lifespan off")
    front = bench.tap(bench.nginx(f"location / {{ proxy_pass {web.url}; }}"))
    httpx.get(f"{front.url}/x")
    rows = [row.label for row in sequence(front, web.events().last).rows]
    assert rows.index("GET /x") < rows.index("scope http GET /x") < rows.index("200 OK")
    assert rows.index("http.response.start 200") < rows.index("200 OK")
