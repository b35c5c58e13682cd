"""The look at a wire: a table of bytes that tells framing from data, and is never too long."""

import pytest
from conversations import (
    CHUNKED,
    DEFLATE,
    GET,
    MASK,
    OK,
    OPEN,
    deflated,
    frame,
    pieces,
    record,
    said,
    story,
)
from websockets.frames import Opcode

from support.wire import wire as view
from support.wire.tap import Piece
from support.wire.wire import ROWS, Wire, lines

LONG = b"a" * 126
CRLF = r'<span class="esc">\r\n</span>'


def shown(*moves) -> list[str]:
    """The rows of the table, as text."""
    return repr(Wire(pieces(*moves))).splitlines()


def test_a_head_and_a_body():
    assert shown(("→", GET), ("←", CHUNKED + b"2\r\nhi\r\n"), ("←", b"0\r\n\r\n"), ("←", "FIN")) == [
        "→  Request       GET / HTTP/1.1\\r\\n",
        "→                Host: x\\r\\n",
        "→                \\r\\n",
        "←  Response      HTTP/1.1 200 OK\\r\\n",
        "←                Transfer-Encoding: chunked\\r\\n",
        "←                \\r\\n",
        "←  Data          2\\r\\n · hi · \\r\\n",
        "←  EndOfMessage  0\\r\\n · \\r\\n",
        "←  FIN",
    ]


def test_what_is_objected_and_what_was_cut():
    assert shown(("→", b"\r\n" + GET), ("←", OK.replace(b"2", b"9", 1)[:30]), ("←", "FIN")) == [
        "→  Request    \\r\\n",
        "→             GET / HTTP/1.1\\r\\n",
        "→             Host: x\\r\\n",
        "→             \\r\\n",
        "→             (h11: no request line received)",
        "←  Response   HTTP/1.1 900 OK\\r\\n",
        "←             Content-Lengt",
        "←  cut short  no empty line",
        "←  FIN",
    ]


def test_what_is_no_http_is_one_line():
    (line, objection, *_) = shown(("→", b"who\nare\nyou?\n\n" * 20), ("←", OK))
    assert line == "→  not HTTP/1.1  who\\nare\\nyou?\\n\\n" + "who\\nare\\nyou?\\n\\n" * 4 + "wh… (280 bytes)"
    assert objection == "→                (h11: illegal request line: bytearray(b'who'))"
    assert shown(("→", b"one\ntwo\n" * 20)) == ["→  bytes  " + "one\\ntwo\\n" * 9 + "… (160 bytes)"]


def test_frames():
    moves = [
        ("→", frame(Opcode.TEXT, b"hi", **MASK)),
        ("←", frame(Opcode.BINARY, LONG)),
        ("←", deflated(b"hi", mask=0)[0]),
        ("←", frame(Opcode.PING)),
    ]
    _, _, text, long, packed, ping = Wire(pieces(*DEFLATE, *moves)).messages
    assert [str(line) for line in lines(text)] == ["81 82 [mask]  'hi'"]
    assert [str(line) for line in lines(long)] == [f"82 7e 00 7e  {'a' * 60}… (126 bytes)"]
    assert [str(line) for line in lines(packed)] == ["c1 04  deflated 'hi'"]
    assert [str(line) for line in lines(ping)] == ["89 00"]


def test_the_random_mask_is_not_shown():
    frames = [frame(Opcode.TEXT, b"hi", **MASK), frame(Opcode.TEXT, b"hello", **MASK)[:-2]]
    for each in frames:
        assert len({repr(Wire(pieces(*OPEN, ("→", each[:2] + mask + each[6:])))) for mask in (each[2:6],)}) == 1
    shown = {repr(Wire(pieces(*OPEN, ("→", frame(Opcode.TEXT, b"hi", **MASK))))) for _ in range(5)}
    assert len(shown) == 1


def test_records():
    assert shown(
        ("→", record(22, b"\x01" + b"\n" * 19)), ("→", record(23, b"\n" * 9) * 3), ("←", record(23, b"\n"))
    ) == [
        "→  handshake         16 03 03 00 14  ClientHello, 20 bytes",
        "→  application_data  3 records, 27 bytes",
        "←  bytes             \\x17\\x03\\x03\\x00\\x01\\n",
    ]


def test_ends():
    assert shown(("→", GET), ("→", "FIN"), ("←", "FIN"))[-1] == "⇄  FIN"
    assert shown(("→", GET), ("→", "FIN"), ("←", OK + b"hi"), ("←", "FIN"))[3] == "→  FIN"


def test_framing_is_told_from_data_in_html():
    html = Wire(pieces(("→", GET), ("←", CHUNKED + b"2\r\n<i\r\n"), *[("→", "FIN")]))._repr_html_()
    assert Wire(pieces(("→", GET)))._repr_html_().count("<tr") == 3
    data = view.lines(Wire(pieces(("←", CHUNKED + b"2\r\n<i\r\n"))).messages[1])[0]
    assert data._cell_html_() == (
        f'<code><span class="framing">2{CRLF}</span> · &lt;i · <span class="framing">{CRLF}</span></code>'
    )
    head = view.lines(Wire(pieces(("→", GET))).messages[0])[1]
    assert head._cell_html_() == f'<code>Host: x<span class="framing">{CRLF}</span></code>'
    assert data._cell_html_() in html


def test_shown_as_text_and_as_html():
    wire = Wire(pieces(("→", b"GET /<b>&amp; HTTP/1.1\r\nHost: x\r\n\r\n")))
    assert "GET /<b>&amp; HTTP" in repr(wire)
    assert "GET /&lt;b&gt;&amp;amp; HTTP" in wire._repr_html_()
    assert repr(Wire([])) == "nothing has crossed"
    assert "nothing has crossed" in Wire([])._repr_html_()


def test_connections_one_after_the_other():
    both = [Piece(when, number, "→", "data", GET) for when, number in enumerate([1, 2, 1])]
    wire = Wire(both)
    assert [m.connection for m in wire.messages] == [1, 1, 2]
    assert [line for line in repr(wire).splitlines() if "connection" in line] == [
        "            connection 1",
        "            connection 2",
    ]


def test_only_what_came_after_a_place():
    wire = Wire(pieces(("→", GET), ("←", OK + b"hi"), ("→", GET), ("←", OK + b"ho")), seen=2)
    assert story(wire.messages) == ["→ Request GET /", "← Response 200 OK", "← Data ho"]


def test_all_bytes_of_one_way():
    moves = [("→", GET), ("←", OK + b"hi"), ("", "noted"), *OPEN, ("→", frame(Opcode.TEXT, b"hi", **MASK))]
    wire = Wire(pieces(*moves))
    assert (wire.bytes("→"), wire.bytes("←")) == (said(moves, "→"), said(moves, "←"))


def test_a_wire_is_decoded_when_it_is_looked_at_and_once(monkeypatch):
    calls = []
    monkeypatch.setattr(view, "decode", lambda numbered, decode=view.decode: calls.append(1) or decode(numbered))
    kept = pieces(("→", GET))
    wire = Wire(kept)
    assert not calls
    kept.append(Piece(9, 1, "→", "data", GET))  # the tap goes on
    assert repr(wire).count("Request") == wire._repr_html_().count("Request") == len(wire.messages) == 1
    assert len(calls) == 1


def test_what_the_cell_noted_stands_where_it_was_noted():
    moves = [("", "first"), ("→", GET), ("", "asked"), ("←", OK + b"hi"), ("←", "FIN"), ("", "read it"), ("→", "FIN")]
    wire = Wire(pieces(*moves))
    assert [line.strip() for line in repr(wire).splitlines() if not line.endswith(r"\r\n")] == [
        "first",
        "asked",
        "←  Data      hi",
        "←  FIN",
        "read it",
        "→  FIN",
    ]
    assert [m.summary for m in wire.messages if m.name == "note"] == ["first", "asked", "read it"]
    assert repr(Wire(pieces(("", "only this")))).strip() == "only this"


def test_what_the_cell_noted_among_several_connections():
    """It stands in each that went on around it; else before the next one that began, or at the end."""

    def crossed(number):
        return Piece(0, number, "→", "data", GET)

    def noted(text):
        return Piece(0, 0, "", "note", text.encode())

    kept = [crossed(1), crossed(2), noted("both"), crossed(1), crossed(2), noted("then"), crossed(3)]
    kept += [crossed(4), noted("over")]
    rows = [line.split()[-1] for line in repr(Wire(kept)).splitlines() if line.startswith("  ")]
    assert rows == ["1", "both", "2", "both", "3", "then", "4", "over"]


def test_the_exchange_that_began_last():
    moves = [("→", GET + GET.replace(b"/ ", b"/2 ")), ("←", OK + b"hi" + OK + b"ho"), ("←", "FIN")]
    wire = Wire(pieces(*moves))
    assert story(wire.last.messages) == ["→ Request GET /2", "← Response 200 OK", "← Data ho", "← FIN"]
    assert story(Wire(pieces(*moves[:1])).last.messages) == ["→ Request GET /2"]
    assert repr(wire.last).startswith("→  Request   GET /2")


def test_an_end_after_something_else_is_not_the_end_of_the_exchange():
    moves = [("→", GET), ("←", OK + b"hi"), ("←", b"HTTP/1.1 408 Request Timeout\r\n\r\n"), ("←", "FIN")]
    assert story(Wire(pieces(*moves)).last.messages) == ["→ Request GET /", "← Response 200 OK", "← Data hi"]


def test_the_exchange_that_began_last_of_several_connections():
    """Not the one that ended last, and not one that was put behind us."""
    kept = pieces(("→", GET), ("←", OK + b"hi"))
    kept += [Piece(0, 2, "→", "data", GET.replace(b"/ ", b"/2 ")), Piece(0, 1, "←", "FIN")]
    assert story(Wire(kept).last.messages) == ["→ Request GET /2"]
    assert story(Wire(kept, seen=3).last.messages) == ["← FIN"]
    assert Wire([]).last.messages == []


def test_the_last_connection_where_no_http_is_spoken():
    kept = [Piece(0, 1, "→", "data", b"one"), Piece(0, 2, "→", "data", b"two"), Piece(0, 1, "←", "data", b"more")]
    assert story(Wire(kept).last.messages) == ["→ bytes two"]
    assert Wire(pieces(("", "noted"))).last.messages == []


BIG = {
    "TLS": [("→", record(22, b"\x01" * 500)), *[("←", record(23, b"\n" * 16000))] * 500],
    "bytes": [("→", b"\n" * 65536)] * 100,
    "text": [("→", b"what?\n" * 10000), ("←", OK)],
    "frames": [*OPEN, *[("←", frame(Opcode.TEXT, b"\n" * 2000))] * 1000],
    "a dialog": [("→", b"\n" * 100), ("←", b"\n" * 100)] * 1000,
    "lines of a head": [("→", b"GET / HTTP/1.1\r\n" + b"x: y\r\n" * 5000 + b"\r\n")],
    "a line of a head": [("→", b"GET / HTTP/1.1\r\nx: " + b"y" * 100_000 + b"\r\n\r\n")],
    "a target": [("→", b"GET /" + b"y" * 100_000 + b" HTTP/1.1\r\n\r\n")],
    "a reason": [("→", GET), ("←", b"HTTP/1.1 200 " + b"y" * 100_000 + b"\r\n\r\n")],
    "a header of a chunk": [("→", GET), ("←", CHUNKED + b"2;" + b"y" * 100_000 + b"\r\nhi\r\n")],
    "the reason of a close": [*OPEN, ("←", b"\x88\x7f" + (60_000).to_bytes(8, "big") + b"\x03\xe8" + b"y" * 59_998)],
    "what is no head": [("→", b"y" * 100_000 + b"\r\n\r\n"), ("←", OK)],
    "what h11 cannot read": [("→", b"POST / HTTP/1.1\r\n" + b"y" * 100_000 + b"\r\n\r\n")],
    "words": [("→", b"*5000\r\n" + b"$100\r\n" + (b"y" * 100 + b"\r\n$100\r\n") * 4999 + b"y" * 100 + b"\r\n")],
}


@pytest.mark.parametrize("moves", BIG.values(), ids=BIG)
def test_any_look_is_bounded(moves):
    wire = Wire(pieces(*moves))
    rows = repr(wire).splitlines()
    assert len(rows) <= ROWS + 1
    assert max(map(len, rows)) < 2000
    assert max(len(message.summary) + len(message.note) for message in wire.messages) < 1000


def test_what_is_left_out_is_told():
    frames = [("←", frame(Opcode.TEXT, b"%04d" % number)) for number in range(1000)]
    rows = shown(*OPEN, *frames)
    assert len(rows) == ROWS + 1
    assert "'0000'" in rows[9]
    assert "'0999'" in rows[-1]
    (told,) = [row for row in rows if "…" in row]
    left_out = 1000 - (len(rows) - 1 - 9)
    assert told.strip() == f"… {left_out:,} more messages ({left_out * 6:,} bytes) …"
    head = shown(("→", b"GET / HTTP/1.1\r\n" + b"x: y\r\n" * 500 + b"\r\n"))
    assert head[100].strip().endswith("… 402 more lines (3,018 bytes)")
