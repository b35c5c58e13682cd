"""The decoding: what crossed, as messages beside their bytes, however the bytes were cut into pieces."""

import itertools
import random
from types import SimpleNamespace

import pytest
from websockets.extensions.permessage_deflate import PerMessageDeflate
from websockets.frames import Close, Frame, Opcode

from support.wire.say import say
from support.wire.tap import Piece
from support.wire.wire import Wire

GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n"
UPGRADE = b"GET /chat HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
SWITCH = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
POST = b"POST /form HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n"
MASK, CONTINUE = {"mask": True}, b"HTTP/1.1 100 Continue\r\n\r\n"
SHORT = "peer closed connection without sending complete message body (received 3 bytes, expected 10)"
UNCHUNKED = "peer closed connection without sending complete message body (incomplete chunked read)"


def frame(opcode: Opcode, data: bytes = b"", fin: bool = True, mask: bool = False, extensions=()) -> bytes:
    """The bytes of one frame."""
    return Frame(opcode, data, fin).serialize(mask=mask, extensions=list(extensions))


def deflated(*messages: bytes, mask: bool) -> list[bytes]:
    """The frames of one side that compresses, each with the context of those before (RFC 7692)."""
    context = PerMessageDeflate(False, False, 15, 15)
    return [frame(Opcode.TEXT, message, mask=mask, extensions=[context]) for message in messages]


def pieces(*moves, cut=lambda data: [data]) -> list[Piece]:
    """What a tap keeps of the moves (way, bytes or "FIN" or "RST"), with the bytes cut into several reads."""
    kept = []
    for way, what in moves:
        for part in cut(what) if isinstance(what, bytes) else [what]:
            kind, data = ("data", part) if isinstance(part, bytes) else (part, b"")
            kept.append(Piece(len(kept) * 10**9, 1, way, kind, data))
    return kept


def at_random(seed: int):
    """A way to cut bytes at random places."""
    chance = random.Random(seed)

    def cut(data):
        places = sorted({0, len(data), *chance.choices(range(len(data) + 1), k=chance.randint(0, 9))})
        return [data[a:b] for a, b in itertools.pairwise(places)]

    return cut


def story(wire: Wire) -> list[str]:
    """Each message as `way name summary`."""
    return [f"{m.way} {m.name} {m.summary}".rstrip() for m in wire.messages]


AGAIN = ["→ Request GET /", "← Response 200 OK", "← Data ho"]
HTTP = {
    "keep-alive": (
        [("→", GET), ("←", OK + b"hi"), ("→", GET.replace(b"/ ", b"/2 ")), ("←", OK + b"ho")],
        ["→ Request GET /", "← Response 200 OK", "← Data hi", "→ Request GET /2", "← Response 200 OK", "← Data ho"],
    ),
    "HEAD": (
        [("→", GET.replace(b"GET", b"HEAD")), ("←", OK), ("→", GET), ("←", OK + b"hi")],
        ["→ Request HEAD /", "← Response 200 OK", "→ Request GET /", "← Response 200 OK", "← Data hi"],
    ),
    "204": (
        [("→", GET), ("←", b"HTTP/1.1 204 No Content\r\n\r\n"), ("→", GET), ("←", OK + b"hi")],
        ["→ Request GET /", "← Response 204 No Content", "→ Request GET /", "← Response 200 OK", "← Data hi"],
    ),
    "304 with the length of what it does not send": (
        [("→", GET), ("←", b"HTTP/1.1 304 Not Modified\r\nContent-Length: 99\r\n\r\n"), ("→", GET), ("←", OK + b"hi")],
        ["→ Request GET /", "← Response 304 Not Modified", "→ Request GET /", "← Response 200 OK", "← Data hi"],
    ),
    "chunks": (
        [("→", GET), ("←", CHUNKED), ("←", b"2\r\nhi\r\n"), ("←", b"3;x=y\r\nyou\r\n"), ("←", b"0\r\n\r\n")],
        ["→ Request GET /", "← Response 200 OK", "← Data hi", "← Data you", "← EndOfMessage"],
    ),
    "chunks with trailers": (
        [("→", GET), ("←", CHUNKED + b"2\r\nhi\r\n0\r\nSum: 7\r\n\r\n"), ("→", GET), ("←", OK + b"ho")],
        ["→ Request GET /", "← Response 200 OK", "← Data hi", "← EndOfMessage", *AGAIN],
    ),
    "a request in chunks": (
        [("→", GET[:-2] + b"Transfer-Encoding: chunked\r\n\r\n" + b"2\r\nhi\r\n0\r\n\r\n"), ("←", OK + b"ok")],
        ["→ Request GET /", "→ Data hi", "→ EndOfMessage", "← Response 200 OK", "← Data ok"],
    ),
    "a body until the end": (
        [("→", GET), ("←", b"HTTP/1.1 200 OK\r\n\r\nall of it"), ("←", "FIN"), ("→", "FIN")],
        ["→ Request GET /", "← Response 200 OK", "← Data all of it", "⇄ FIN"],
    ),
    "HTTP/1.0 without a Host": (
        [("→", b"GET / HTTP/1.0\r\n\r\n"), ("←", b"HTTP/1.0 200 OK\r\n\r\nhi"), ("←", "FIN")],
        ["→ Request GET /", "← Response 200 OK", "← Data hi", "← FIN"],
    ),
    "pipelining": (
        [("→", GET + GET.replace(b"/ ", b"/2 ")), ("←", OK + b"hi" + OK + b"ho")],
        ["→ Request GET /", "→ Request GET /2", "← Response 200 OK", "← Data hi", "← Response 200 OK", "← Data ho"],
    ),
    "100-continue": (
        [("→", POST + b"Expect: 100-continue\r\n\r\n"), ("←", CONTINUE), ("→", b"a=b"), ("←", OK + b"ok")],
        [
            "→ Request POST /form",
            "← InformationalResponse 100 Continue",
            "→ Data a=b",
            "← Response 200 OK",
            "← Data ok",
        ],
    ),
    "garbage": (
        [("→", b"\x16\x03\x01 hello\r\n\r\n"), ("←", b"\x00\x01\r\n\r\n"), ("←", "RST")],
        [
            "→ not HTTP/1.1 illegal request line: bytearray(b'\\x16\\x03\\x01 hello')",
            "← not HTTP/1.1 illegal status line: bytearray(b'\\x00\\x01')",
            "← RST",
        ],
    ),
    "an answer to garbage": (
        [("→", b"what?\r\n\r\n"), ("←", b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"), ("←", "FIN")],
        ["→ not HTTP/1.1 illegal request line: bytearray(b'what?')", "← Response 400 Bad Request", "← FIN"],
    ),
    "an answer to nothing": (
        [("→", GET), ("←", OK + b"hi"), ("←", b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n")],
        ["→ Request GET /", "← Response 200 OK", "← Data hi", "← Response 408 Request Timeout"],
    ),
    "a broken status line": (
        [("→", GET), ("←", b"HTTP/1.1 None\r\nServer: x\r\n\r\n"), ("←", "FIN")],
        ["→ Request GET /", "← not HTTP/1.1 illegal status line: bytearray(b'HTTP/1.1 None')", "← FIN"],
    ),
    "more than Content-Length": (
        [("→", GET), ("←", OK + b"hi there"), ("←", "FIN")],
        ["→ Request GET /", "← Response 200 OK", "← Data hi", "← bytes  there", "← FIN"],
    ),
    "less than Content-Length": (
        [("→", GET), ("←", OK.replace(b"2\r", b"10\r") + b"hey"), ("←", "FIN"), ("→", "FIN")],
        ["→ Request GET /", "← Response 200 OK", "← Data hey", f"← cut short {SHORT}", "⇄ FIN"],
    ),
    "a request cut short": (
        [("→", POST.replace(b"3", b"10") + b"\r\na=b"), ("→", "FIN"), ("←", "FIN")],
        ["→ Request POST /form", "→ Data a=b", f"→ cut short {SHORT}", "⇄ FIN"],
    ),
    "a request given up after the answer": (
        [("→", POST.replace(b"3", b"10") + b"\r\na=b"), ("←", OK + b"hi"), ("→", "FIN")],
        ["→ Request POST /form", "→ Data a=b", "← Response 200 OK", "← Data hi", f"→ cut short {SHORT}", "→ FIN"],
    ),
    "cut in a head": (
        [("→", GET), ("←", b"HTTP/1.1 200 OK\r\nConte"), ("←", "FIN")],
        ["→ Request GET /", "← not HTTP/1.1 peer unexpectedly closed connection", "← FIN"],
    ),
    "cut between chunks": (
        [("→", GET), ("←", CHUNKED + b"2\r\nhi\r\n"), ("←", "RST")],
        ["→ Request GET /", "← Response 200 OK", "← Data hi", f"← cut short {UNCHUNKED}", "← RST"],
    ),
    "not ended yet": (
        [("→", GET), ("←", OK.replace(b"2\r", b"10\r") + b"hey")],
        ["→ Request GET /", "← Response 200 OK", "← Data hey"],
    ),
    "no answer": ([("→", GET), ("→", "FIN"), ("←", "FIN")], ["→ Request GET /", "⇄ FIN"]),
}
OPEN = [("→", UPGRADE), ("←", SWITCH + b"\r\n")]
OPENED = ["→ Request GET /chat", "← InformationalResponse 101 Switching Protocols"]
DEFLATE = [("→", UPGRADE), ("←", SWITCH + b"Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n")]
LONG = b"a" * 126
WEBSOCKET = {
    "text": ([("→", frame(Opcode.TEXT, "안녕".encode(), **MASK))], ["→ TEXT '안녕'"]),
    "binary": ([("←", frame(Opcode.BINARY, b"\x00\xff"))], ["← BINARY \\x00\\xff"]),
    "fragments": (
        [("←", frame(Opcode.TEXT, b"one", fin=False)), ("←", frame(Opcode.PING)), ("←", frame(Opcode.CONT, b"two"))],
        ["← TEXT 'one'  (FIN bit 0: more follows)", "← PING", "← CONT two"],
    ),
    "fragments of the client": (
        [("→", frame(Opcode.TEXT, b"a\n", fin=False, **MASK) + frame(Opcode.CONT, b"b", **MASK))],
        ["→ TEXT 'a\\n'  (FIN bit 0: more follows)", "→ CONT b"],
    ),
    "ping and pong": (
        [("←", frame(Opcode.PING, b"42")), ("→", frame(Opcode.PONG, b"42", **MASK))],
        ["← PING 42", "→ PONG 42"],
    ),
    "close with a reason": (
        [("→", frame(Opcode.CLOSE, Close(1000, "bye").serialize(), **MASK)), ("←", frame(Opcode.CLOSE))],
        ["→ CLOSE 1000 bye", "← CLOSE"],
    ),
    "not masked": (
        [("→", frame(Opcode.TEXT, b"hi"))],
        ["→ not a frame incorrect masking"],
    ),
    "masked by the server": ([("←", frame(Opcode.TEXT, b"hi", **MASK))], ["← not a frame incorrect masking"]),
    "not an opcode": ([("←", b"\x83\x00")], ["← not a frame invalid opcode"]),
    "not complete": ([("←", b"\x81\x05hel")], ["← bytes \\x81\\x05hel"]),
    "length in two bytes": ([("←", frame(Opcode.BINARY, LONG))], [f"← BINARY {'a' * 60}… (126 bytes)"]),
    "length in eight bytes": ([("←", frame(Opcode.BINARY, LONG * 600))], [f"← BINARY {'a' * 60}… (75,600 bytes)"]),
}


def conversation(moves, expected, opening=OPEN, opened=OPENED):
    """The same, after the opening handshake."""
    return opening + moves, opened + expected


CONVERSATIONS = {
    **HTTP,
    **{name: conversation(*each) for name, each in WEBSOCKET.items()},
    "a frame in one packet with the 101": (
        [OPEN[0], ("←", OPEN[1][1] + frame(Opcode.TEXT, b"hi"))],
        [*OPENED, "← TEXT 'hi'"],
    ),
    "compressed both ways": conversation(
        [(way, each) for way in "→←" for each in deflated(b"hello", b"hello", mask=way == "→")],
        ["→ TEXT 'hello'"] * 2 + ["← TEXT 'hello'"] * 2,
        opening=DEFLATE,
    ),
    "a handshake that is refused": (
        [("→", UPGRADE), ("←", b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"), ("←", "FIN")],
        ["→ Request GET /chat", "← Response 403 Forbidden", "← FIN"],
    ),
}


@pytest.mark.parametrize(("moves", "expected"), CONVERSATIONS.values(), ids=CONVERSATIONS)
def test_a_conversation(moves, expected):
    wire = Wire(pieces(*moves))
    assert story(wire) == expected
    for way in "→←":
        assert wire.bytes(way) == b"".join(what for to, what in moves if to == way and isinstance(what, bytes))


@pytest.mark.parametrize("moves", [moves for moves, _ in CONVERSATIONS.values()], ids=CONVERSATIONS)
def test_how_the_bytes_were_cut_does_not_matter(moves):
    if sum(len(what) for _, what in moves) < 5000:
        assert repr(Wire(pieces(*moves, cut=lambda data: [bytes([each]) for each in data]))) == repr(
            Wire(pieces(*moves))
        )
    for seed in range(10):
        assert repr(Wire(pieces(*moves, cut=at_random(seed)))) == repr(Wire(pieces(*moves)))


def test_bytes_that_mean_nothing_are_all_there():
    for seed in range(200):
        chance = random.Random(seed)
        moves = [(chance.choice("→←"), chance.randbytes(chance.randint(1, 40))) for _ in range(6)]
        wire = Wire(pieces(*OPEN * (seed % 2), *moves))
        for way in "→←":
            assert wire.bytes(way).endswith(b"".join(data for to, data in moves if to == way))
        assert repr(wire)


def test_the_lines_of_a_head_and_a_body():
    wire = Wire(pieces(("→", GET), ("←", CHUNKED + b"2\r\nhi\r\n"), ("←", b"0\r\n\r\n"), ("←", "FIN")))
    assert repr(wire).splitlines() == [
        "→  Request       GET / HTTP/1.1\\r\\n",
        "→                Host: x\\r\\n",
        "→                \\r\\n",
        "←  Response      HTTP/1.1 200 OK\\r\\n",
        "←                Transfer-Encoding: chunked\\r\\n",
        "←                \\r\\n",
        "←  Data          2\\r\\nhi\\r\\n",
        "←  EndOfMessage  0\\r\\n\\r\\n",
        "←  FIN",
    ]


def test_the_lines_of_frames():
    moves = [
        ("→", frame(Opcode.TEXT, b"hi", **MASK)),
        ("←", frame(Opcode.BINARY, LONG)),
        ("←", deflated(b"hi", mask=0)[0]),
    ]
    _, _, text, long, packed = Wire(pieces(*DEFLATE, *moves)).messages
    assert text.lines == ("81 82 [mask]  'hi'",)
    assert long.lines == (f"82 7e 00 7e  {'a' * 60}… (126 bytes)",)
    assert packed.lines == ("c1 04  deflated 'hi'",)


def test_the_random_mask_is_not_shown():
    shown = {repr(Wire(pieces(*OPEN, ("→", frame(Opcode.TEXT, b"hi", **MASK))))) for _ in range(5)}
    assert len(shown) == 1


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
    assert story(wire) == ["→ Request GET /", "← Response 200 OK", "← Data ho"]


def test_ends_with_nothing_between_them_have_no_order():
    for first, second in ("→←", "←→"):
        kept = [Piece(0, 1, "→", "data", GET), Piece(10, 1, first, "FIN"), Piece(10**9, 1, second, "FIN")]
        assert story(Wire(kept)) == ["→ Request GET /", "⇄ FIN"]


def test_shown_as_text_and_as_html():
    wire = Wire(pieces(("→", b"GET /<b>&amp; HTTP/1.1\r\nHost: x\r\n\r\n")))
    assert "GET /<b>&amp; HTTP" in repr(wire)
    assert "GET /&lt;b&gt;&amp;amp; HTTP" in wire._repr_html_()
    assert repr(Wire([])) == "nothing has crossed"
    assert Wire([])._repr_html_()


def test_a_request_as_it_stands(stranger):
    answer = say(SimpleNamespace(port=stranger), "GET / HTTP/1.0\r\nX-Odd:  1", b"more")
    assert answer.startswith(b"HTTP/1.0 200 OK\r\n")
    assert answer.endswith(b"\r\n\r\nstranger")
