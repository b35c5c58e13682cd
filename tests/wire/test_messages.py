"""The decoding: what crossed, as messages beside their bytes, however the bytes were cut into pieces."""

import random
import time

import h11
import hpack
import pytest
from conversations import (
    CHUNKED,
    DEFLATE,
    GET,
    MASK,
    OK,
    OPEN,
    SWITCH,
    UPGRADE,
    at_random,
    deflated,
    frame,
    pieces,
    record,
    said,
    singly,
    story,
)
from hyperframe import frame as http2
from websockets.frames import Close, Opcode

from support.wire.http2 import PREFACE
from support.wire.messages import decode

POST = b"POST /form HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n"
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
SHORT, UNCHUNKED = "3 of 10 bytes", "no last chunk"
NO_HOST = "h11: Missing mandatory Host: header"
EARLY = "h11: no request line received"
REFUSED = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"


def decoded(*moves, **options):
    """The messages of the moves."""
    return decode(list(enumerate(pieces(*moves, **options))))


def get(target: bytes) -> bytes:
    """A GET for another target."""
    return GET.replace(b"/ ", target + b" ", 1)


AGAIN = ["→ Request GET /", "← Response 200 OK", "← Data ho"]
HTTP = {
    "keep-alive": (
        [("→", GET), ("←", OK + b"hi"), ("→", get(b"/2")), ("←", OK + b"ho")],
        ["→ Request GET /", "← Response 200 OK", "← Data hi", "→ Request GET /2", "← Response 200 OK", "← Data ho"],
    ),
    "HEAD": (
        [("→", GET.replace(b"GET", b"HEAD")), ("←", OK), ("→", GET), ("←", OK + b"hi")],
        ["→ Request HEAD /", "← Response 200 OK", "→ Request GET /", "← Response 200 OK", "← Data hi"],
    ),
    "HEAD, of what would come in chunks": (
        [("→", GET.replace(b"GET", b"HEAD")), ("←", CHUNKED), ("→", GET), ("←", OK + b"hi")],
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
        [("→", GET + get(b"/2")), ("←", OK + b"hi" + OK + b"ho")],
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
    "an answer to garbage": (
        [("→", b"what?\r\n\r\n"), ("←", b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"), ("←", "FIN")],
        [
            r"→ not HTTP/1.1 what?\r\n\r\n (h11: illegal request line: bytearray(b'what?'))",
            "← Response 400 Bad Request",
            "← FIN",
        ],
    ),
    "an answer to nothing": (
        [("→", GET), ("←", OK + b"hi"), ("←", b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n")],
        ["→ Request GET /", "← Response 200 OK", "← Data hi", "← Response 408 Request Timeout"],
    ),
    "more than Content-Length": (
        [("→", GET), ("←", OK + b"hi there"), ("←", "FIN")],
        ["→ Request GET /", "← Response 200 OK", "← Data hi", "← bytes  there", "← FIN"],
    ),
    "more than Content-Length, and another answer": (
        [("→", GET), ("←", OK + b"hi there"), ("→", GET), ("←", OK + b"ho")],
        ["→ Request GET /", "← Response 200 OK", "← Data hi", "← bytes  there", *AGAIN],
    ),
    "less than Content-Length": (
        [("→", GET), ("←", OK.replace(b"2\r", b"10\r") + b"hey"), ("←", "FIN"), ("→", "FIN")],
        ["→ Request GET /", "← Response 200 OK", "← Data hey", f"← cut short {SHORT}", "⇄ FIN"],
    ),
    "nothing of what Content-Length said": (
        [("→", GET), ("←", OK), ("←", "FIN")],
        ["→ Request GET /", "← Response 200 OK", "← cut short 0 of 2 bytes", "← FIN"],
    ),
    "a request cut short": (
        [("→", POST.replace(b"3", b"10") + b"\r\na=b"), ("→", "FIN"), ("←", "FIN")],
        ["→ Request POST /form", "→ Data a=b", f"→ cut short {SHORT}", "⇄ FIN"],
    ),
    "a request given up after the answer": (
        [("→", POST.replace(b"3", b"10") + b"\r\na=b"), ("←", OK + b"hi"), ("→", "FIN")],
        ["→ Request POST /form", "→ Data a=b", "← Response 200 OK", "← Data hi", f"→ cut short {SHORT}", "→ FIN"],
    ),
    "a request whose rest is refused": (
        [("→", POST.replace(b"3", b"10") + b"\r\na=b"), ("←", OK + b"hi"), ("←", "RST")],
        ["→ Request POST /form", "→ Data a=b", "← Response 200 OK", "← Data hi", f"→ cut short {SHORT}", "← RST"],
    ),
    "cut in a head": (
        [("→", GET), ("←", b"HTTP/1.1 200 OK\r\nConte"), ("←", "FIN")],
        ["→ Request GET /", "← Response 200 OK", "← cut short no empty line", "← FIN"],
    ),
    "cut in a first line": (
        [("→", b"GET /slow HTT"), ("→", "FIN"), ("←", "FIN")],
        ["→ Request GET /slow HTT", "→ cut short no empty line", "⇄ FIN"],
    ),
    "a head so far": (
        [("→", b"GET /slow HTTP/1.1\r\nHost: x\r\n")],
        ["→ Request GET /slow (no empty line)"],
    ),
    "cut between chunks": (
        [("→", GET), ("←", CHUNKED + b"2\r\nhi\r\n"), ("←", "RST")],
        ["→ Request GET /", "← Response 200 OK", "← Data hi", f"← cut short {UNCHUNKED}", "← RST"],
    ),
    "cut in a chunk": (
        [("→", GET), ("←", CHUNKED + b"A\r\nhi"), ("←", "FIN")],
        ["→ Request GET /", "← Response 200 OK", "← Data hi", "← cut short chunk: 2 of 10 bytes", "← FIN"],
    ),
    "cut behind a chunk": (
        [("→", GET), ("←", CHUNKED + b"2\r\nhi\r"), ("←", "FIN")],
        ["→ Request GET /", "← Response 200 OK", "← Data hi", f"← cut short {UNCHUNKED}", "← FIN"],
    ),
    "cut before a chunk": (
        [("→", GET), ("←", CHUNKED + b"A\r\n"), ("←", "FIN")],
        ["→ Request GET /", "← Response 200 OK", "← Data", "← cut short chunk: 0 of 10 bytes", "← FIN"],
    ),
    "cut in the length of a chunk": (
        [("→", GET), ("←", CHUNKED + b"A"), ("←", "FIN")],
        ["→ Request GET /", "← Response 200 OK", "← Data", "← cut short chunk: no CRLF after its length", "← FIN"],
    ),
    "cut in the last chunk": (
        [("→", GET), ("←", CHUNKED + b"0\r\nSum: 7\r\n"), ("←", "FIN")],
        ["→ Request GET /", "← Response 200 OK", "← EndOfMessage", "← cut short no empty line", "← FIN"],
    ),
    "a chunk so far": (
        [("→", GET), ("←", CHUNKED + b"A\r\nhi")],
        ["→ Request GET /", "← Response 200 OK", "← Data hi (chunk: 2 of 10 bytes)"],
    ),
    "a body so far": (
        [("→", GET), ("←", OK.replace(b"2\r", b"10\r") + b"hey")],
        ["→ Request GET /", "← Response 200 OK", f"← Data hey ({SHORT})"],
    ),
    "no answer": ([("→", GET), ("→", "FIN"), ("←", "FIN")], ["→ Request GET /", "⇄ FIN"]),
}
LENIENT = {
    "an empty line before the request": (
        [("→", b"\r\n" + GET), ("←", OK + b"hi"), ("→", GET), ("←", OK + b"ho")],
        [f"→ Request GET / ({EARLY})", "← Response 200 OK", "← Data hi", *AGAIN],
    ),
    "an empty line before the next request": (
        [("→", POST + b"\r\na=b\r\n" + GET), ("←", OK + b"hi" + OK + b"ho")],
        [
            "→ Request POST /form",
            "→ Data a=b",
            f"→ Request GET / ({EARLY})",
            "← Response 200 OK",
            "← Data hi",
            "← Response 200 OK",
            "← Data ho",
        ],
    ),
    "an empty line before a request without a Host": (
        [("→", b"\r\n" + GET.replace(b"Host: x\r\n", b"")), ("←", OK + b"hi")],
        [f"→ Request GET / ({EARLY}; Missing mandatory Host: header)", "← Response 200 OK", "← Data hi"],
    ),
    "an empty line and no more": (
        [("→", GET + b"\r\n"), ("←", OK + b"hi")],
        ["→ Request GET /", r"→ bytes \r\n", "← Response 200 OK", "← Data hi"],
    ),
    "no Host": (
        [("→", GET.replace(b"Host: x\r\n", b"")), ("←", OK + b"hi"), ("→", GET), ("←", OK + b"ho")],
        [f"→ Request GET / ({NO_HOST})", "← Response 200 OK", "← Data hi", *AGAIN],
    ),
    "no Host, and a body": (
        [("→", POST.replace(b"Host: x\r\n", b"") + b"\r\na=b" + GET), ("←", OK + b"hi" + OK + b"ho")],
        [
            f"→ Request POST /form ({NO_HOST})",
            "→ Data a=b",
            "→ Request GET /",
            "← Response 200 OK",
            "← Data hi",
            "← Response 200 OK",
            "← Data ho",
        ],
    ),
    "HEAD without a Host": (
        [("→", b"HEAD / HTTP/1.1\r\n\r\n"), ("←", OK), ("→", GET), ("←", OK + b"ho")],
        [f"→ Request HEAD / ({NO_HOST})", "← Response 200 OK", *AGAIN],
    ),
    "two Hosts": (
        [("→", GET[:-2] + b"Host: y\r\n\r\n"), ("←", OK + b"hi"), ("→", GET), ("←", OK + b"ho")],
        ["→ Request GET / (h11: Found multiple Host: headers)", "← Response 200 OK", "← Data hi", *AGAIN],
    ),
    "a target in raw UTF-8": (
        [("→", get("/카페".encode())), ("←", OK + b"hi"), ("→", GET), ("←", OK + b"ho")],
        [
            r"→ Request GET /\xec\xb9\xb4\xed\x8e\x98 (h11: illegal request line: "
            r"bytearray(b'GET /\xec\xb9\xb4\xed\x8e\x98 HTTP/1.1'))",
            "← Response 200 OK",
            "← Data hi",
            *AGAIN,
        ],
    ),
    "a target with a space": (
        [("→", get(b"/a b")), ("←", OK + b"hi"), ("→", GET), ("←", OK + b"ho")],
        [
            "→ Request GET /a b (h11: illegal request line: bytearray(b'GET /a b HTTP/1.1'))",
            "← Response 200 OK",
            "← Data hi",
            *AGAIN,
        ],
    ),
    "a space before a colon, and a body": (
        [("→", POST.replace(b"th:", b"th :") + b"\r\na=b"), ("←", OK + b"hi"), ("→", GET), ("←", OK + b"ho")],
        [
            "→ Request POST /form (h11: illegal header line: bytearray(b'Content-Length : 3'))",
            "→ Data a=b",
            "← Response 200 OK",
            "← Data hi",
            *AGAIN,
        ],
    ),
    "lengths that contradict each other": (
        [("→", POST + b"Content-Length: 4\r\n\r\n"), ("←", REFUSED)],
        ["→ Request POST /form (h11: conflicting Content-Length headers)", "← Response 403 Forbidden"],
    ),
    "lines that end in LF": (
        [("→", b"GET / HTTP/1.1\nHost: x\n\n"), ("←", OK + b"hi")],
        ["→ Request GET /", "← Response 200 OK", "← Data hi"],
    ),
    "a header that goes on in the next line": (
        [("→", GET[:-2] + b"X: a\r\n b\r\n\r\n"), ("←", OK + b"hi")],
        ["→ Request GET /", "← Response 200 OK", "← Data hi"],
    ),
    "HTTP/0.9": (
        [("→", b"GET /\r\n"), ("←", b"<p>hi"), ("←", "FIN")],
        ["→ Request GET / (no empty line)", "← bytes <p>hi", "← FIN"],
    ),
    "a line before the request": (
        [("→", b"PROXY TCP4 127.0.0.1 127.0.0.1 5 80\r\n" + GET), ("←", OK + b"hi"), ("→", GET), ("←", OK + b"ho")],
        [
            r"→ not HTTP/1.1 PROXY TCP4 127.0.0.1 127.0.0.1 5 80\r\n (h11: illegal request line: "
            "bytearray(b'PROXY TCP4 127.0.0.1 127.0.0.1 5 80'))",
            "→ Request GET /",
            "← Response 200 OK",
            "← Data hi",
            *AGAIN,
        ],
    ),
    "a broken status line": (
        [("→", GET), ("←", b"HTTP/1.1 None\r\nServer: x\r\n\r\n"), ("←", "FIN")],
        [
            "→ Request GET /",
            "← Response None (h11: illegal status line: bytearray(b'HTTP/1.1 None'))",
            "← FIN",
        ],
    ),
    "a status that is none": (
        [("→", GET), ("←", OK.replace(b"200", b"042") + b"hi"), ("→", GET), ("←", OK + b"ho")],
        [
            "→ Request GET /",
            "← Response 042 OK (h11: InformationalResponse status_code should be in range [100, 200), not 42)",
            "← Data hi",
            *AGAIN,
        ],
    ),
    "a header of the answer that is none": (
        [("→", GET), ("←", OK[:-2] + b"so it is\r\n\r\nhi"), ("→", GET), ("←", OK + b"ho")],
        [
            "→ Request GET /",
            "← Response 200 OK (h11: illegal header line: bytearray(b'so it is'))",
            "← Data hi",
            *AGAIN,
        ],
    ),
    "a chunk that is none": (
        [("→", GET), ("←", CHUNKED + b"2\r\nhi\r\nzwei\r\nho\r\n"), ("→", GET), ("←", OK + b"ho")],
        [
            "→ Request GET /",
            "← Response 200 OK",
            "← Data hi",
            r"← not HTTP/1.1 zwei\r\nho\r\n (h11: illegal chunk header: bytearray(b'zwei\r\n'))",
            *AGAIN,
        ],
    ),
    "a chunk that is longer than it says": (
        [("→", GET), ("←", CHUNKED + b"2\r\nhim\r\n0\r\n\r\n"), ("→", GET), ("←", OK + b"ho")],
        [
            "→ Request GET /",
            "← Response 200 OK",
            "← Data hi",
            r"← not HTTP/1.1 m\r\n0\r\n\r\n (h11: malformed chunk footer: bytearray(b'm\r') (expected b'\r\n'))",
            *AGAIN,
        ],
    ),
}
OPENED = ["→ Request GET /chat", "← InformationalResponse 101 Switching Protocols"]
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
        [("→", frame(Opcode.TEXT, b"hi") + frame(Opcode.TEXT, b"ho", **MASK))],
        ["→ TEXT 'hi' (websockets: incorrect masking)", "→ TEXT 'ho'"],
    ),
    "masked by the server": (
        [("←", frame(Opcode.TEXT, b"hi", **MASK) + frame(Opcode.TEXT, b"ho"))],
        ["← TEXT 'hi' (websockets: incorrect masking)", "← TEXT 'ho'"],
    ),
    "a bit that nobody agreed on": (
        [("←", b"\xa1\x02hi" + frame(Opcode.TEXT, b"ho"))],
        ["← TEXT 'hi' (websockets: reserved bits must be 0)", "← TEXT 'ho'"],
    ),
    "a ping that is too long": (
        [("←", b"\x89\x7e\x00\x7e" + LONG + frame(Opcode.TEXT, b"ho"))],
        [f"← PING {'a' * 60}… (126 bytes) (websockets: control frame too long)", "← TEXT 'ho'"],
    ),
    "not an opcode": ([("←", b"\x83\x00")], [r"← not a frame \x83\x00 (websockets: invalid opcode)"]),
    "a frame so far": ([("←", b"\x81\x14hel")], ["← TEXT 'hel' (3 of 20 bytes)"]),
    "cut in a frame": (
        [("←", b"\x81\x14hello w"), ("←", "FIN")],
        ["← TEXT 'hello w'", "← cut short 7 of 20 bytes", "← FIN"],
    ),
    "cut in a frame of the client": (
        [("→", frame(Opcode.TEXT, b"hello", **MASK)[:-2]), ("→", "RST")],
        ["→ TEXT 'hel'", "→ cut short 3 of 5 bytes", "→ RST"],
    ),
    "cut in a mask": (
        [("→", b"\x81\x85ab"), ("→", "FIN")],
        ["→ TEXT", "→ cut short header: 4 of 6 bytes", "→ FIN"],
    ),
    "cut in a length": (
        [("←", b"\x82\x7e\x00"), ("←", "FIN")],
        ["← BINARY", "← cut short header: 3 of 4 bytes", "← FIN"],
    ),
    "cut in a header": ([("←", b"\x82"), ("←", "FIN")], ["← BINARY", "← cut short header: 1 of 2 bytes", "← FIN"]),
    "length in two bytes": ([("←", frame(Opcode.BINARY, LONG))], [f"← BINARY {'a' * 60}… (126 bytes)"]),
    "length in eight bytes": ([("←", frame(Opcode.BINARY, LONG * 600))], [f"← BINARY {'a' * 60}… (75,600 bytes)"]),
}


def conversation(moves, expected, opening=OPEN, opened=OPENED):
    """The same, after the opening handshake."""
    return opening + moves, opened + expected


H2C = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n"
CONNECT = b"CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n"
SWITCHES = {
    "a frame in one packet with the 101": (
        [OPEN[0], ("←", OPEN[1][1] + frame(Opcode.TEXT, b"hi"))],
        [*OPENED, "← TEXT 'hi'"],
    ),
    "a frame in one packet with the request": (
        [("→", UPGRADE + frame(Opcode.TEXT, b"hi", **MASK)), OPEN[1]],
        [OPENED[0], "→ TEXT 'hi'", OPENED[1]],
    ),
    "compressed both ways": conversation(
        [(way, each) for way in "→←" for each in deflated(b"hello", b"hello", mask=way == "→")],
        ["→ TEXT 'hello'"] * 2 + ["← TEXT 'hello'"] * 2,
        opening=DEFLATE,
    ),
    "compressed badly": conversation(
        [("←", b"\xc1\x02\xff\xff"), ("←", frame(Opcode.PING))],
        ["← TEXT '��' (websockets: decompression failed)", "← PING"],
        opening=DEFLATE,
    ),
    "compressed and cut": conversation(
        [("←", deflated(b"hello", mask=False)[0][:4]), ("←", "FIN")],
        [r"← TEXT \xcaH", "← cut short 2 of 7 bytes", "← FIN"],
        opening=DEFLATE,
    ),
    "a handshake that is refused": (
        [("→", UPGRADE), ("←", REFUSED), ("←", "FIN")],
        ["→ Request GET /chat", "← Response 403 Forbidden", "← FIN"],
    ),
    "a handshake that is refused, and the next request": (
        [("→", UPGRADE), ("←", REFUSED), ("→", GET), ("←", OK + b"ho")],
        ["→ Request GET /chat", "← Response 403 Forbidden", *AGAIN],
    ),
    "a handshake that is refused, and a second that is not": (
        [("→", UPGRADE), ("←", REFUSED), *OPEN, ("←", frame(Opcode.TEXT, b"hi"))],
        ["→ Request GET /chat", "← Response 403 Forbidden", *OPENED, "← TEXT 'hi'"],
    ),
    "a handshake with the next request behind it": (
        [("→", UPGRADE + GET), ("←", REFUSED + OK + b"ho")],
        ["→ Request GET /chat", "→ Request GET /", "← Response 403 Forbidden", "← Response 200 OK", "← Data ho"],
    ),
    "a handshake that is not answered": (
        [("→", UPGRADE + GET)],
        ["→ Request GET /chat", "→ Request GET /"],
    ),
    "a 101 to something else": (
        [("→", UPGRADE), ("←", SWITCH.replace(b"websocket", b"echo") + b"\r\n"), ("→", b"\x81\x00"), ("←", b"a\nb")],
        [*OPENED, r"→ bytes \x81\x00", r"← bytes a\nb"],
    ),
    "a 101 that nobody asked for": (
        [("→", GET), ("←", SWITCH + b"\r\n"), ("←", frame(Opcode.TEXT, b"hi"))],
        [
            "→ Request GET /",
            "← InformationalResponse 101 Switching Protocols (h11: Received server _SWITCH_UPGRADE event without a "
            "pending proposal)",
            "← TEXT 'hi'",
        ],
    ),
    "a 101 in other words": (
        [("→", UPGRADE), ("←", SWITCH.replace(b"websocket", b"WebSocket") + b"\r\n"), ("←", frame(Opcode.PING))],
        [*OPENED, "← PING"],
    ),
    "a 101 that h11 refuses, and compression": (
        [
            ("→", UPGRADE),
            ("←", DEFLATE[1][1][:-2] + b"so it is\r\n\r\n"),
            ("←", deflated(b"hello", mask=False)[0]),
        ],
        [OPENED[0], f"{OPENED[1]} (h11: illegal header line: bytearray(b'so it is'))", "← TEXT 'hello'"],
    ),
    "a tunnel": (
        [("→", CONNECT), ("←", b"HTTP/1.1 200 OK\r\n\r\n"), ("→", record(22, b"\x01\x00")), ("←", b"what?")],
        ["→ Request CONNECT a:443", "← Response 200 OK", "→ handshake ClientHello, 2 bytes", "← bytes what?"],
    ),
    "a tunnel that is refused": (
        [("→", CONNECT), ("←", REFUSED), ("→", GET), ("←", OK + b"ho")],
        ["→ Request CONNECT a:443", "← Response 403 Forbidden", *AGAIN],
    ),
    "h2c": (
        [
            ("→", H2C),
            ("←", SWITCH.replace(b"websocket", b"h2c") + b"\r\n"),
            ("←", http2.SettingsFrame(0).serialize()),
            ("→", PREFACE + http2.SettingsFrame(0, flags=["ACK"]).serialize()),
        ],
        [
            "→ Request GET /",
            "← InformationalResponse 101 Switching Protocols",
            "← SETTINGS stream 0  0 bytes",
            r"→ preface PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
            "→ SETTINGS stream 0  0 bytes  ACK",
        ],
    ),
}
HEADERS = hpack.Encoder().encode([(":status", "200"), ("server", "x")])
BAD_REQUEST = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"
RST_STREAM, GOAWAY = http2.RstStreamFrame(3, error_code=8), http2.GoAwayFrame(0, last_stream_id=1, error_code=2)
OTHERS = {
    "HTTP/2": (
        [
            ("→", PREFACE + http2.SettingsFrame(0, settings={3: 100}).serialize()),
            ("→", http2.HeadersFrame(1, hpack.Encoder().encode([(":path", "/")]), flags=["END_HEADERS"]).serialize()),
            ("←", http2.HeadersFrame(1, HEADERS[:2]).serialize()),
            ("←", http2.ContinuationFrame(1, HEADERS[2:], flags=["END_HEADERS"]).serialize()),
            ("←", http2.DataFrame(1, b"hi", flags=["END_STREAM"]).serialize()),
            ("→", RST_STREAM.serialize() + http2.WindowUpdateFrame(0, window_increment=5).serialize()),
            ("←", GOAWAY.serialize()),
        ],
        [
            r"→ preface PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
            "→ SETTINGS stream 0  6 bytes  settings={3: 100}",
            "→ HEADERS stream 1  1 byte  END_HEADERS  :path: /",
            "← HEADERS stream 1  2 bytes",
            f"← CONTINUATION stream 1  {len(HEADERS) - 2} bytes  END_HEADERS  :status: 200, server: x",
            "← DATA stream 1  2 bytes  END_STREAM  hi",
            "→ RST_STREAM stream 3  4 bytes  error_code=8",
            "→ WINDOW_UPDATE stream 0  4 bytes  window_increment=5",
            "← GOAWAY stream 0  8 bytes  last_stream_id=1, error_code=2, additional_data=b''",
        ],
    ),
    "HTTP/2 to a server that knows none": (
        [("→", PREFACE), ("←", BAD_REQUEST), ("←", "FIN")],
        [r"→ preface PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "← Response 400 Bad Request", "← FIN"],
    ),
    "HTTP/2 cut short": (
        [("→", PREFACE[:20]), ("→", "FIN"), ("←", http2.DataFrame(1, b"hello").serialize()[:-3]), ("←", "FIN")],
        [
            r"→ preface PRI * HTTP/2.0\r\n\r\nSM",
            "→ cut short 20 of 24 bytes",
            "→ FIN",
            "← DATA stream 1",
            "← cut short 2 of 5 bytes",
            "← FIN",
        ],
    ),
    "HTTP/2 cut in a header": (
        [("→", PREFACE + b"\x00\x00\x05\x00"), ("→", "FIN")],
        [r"→ preface PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "→ DATA", "→ cut short header: 4 of 9 bytes", "→ FIN"],
    ),
    "HTTP/2 that is wrong": (
        [("→", PREFACE + http2.PingFrame(0, b"12345678").serialize()[:-8].replace(b"\x08", b"\x02", 1) + b"12")],
        [
            r"→ preface PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
            "→ PING 2 bytes (hyperframe: PING frame must have 8 byte length: got 2)",
        ],
    ),
    "HTTP/2 of a kind that nobody knows": (
        [("→", PREFACE + b"\x00\x00\x02\xee\x00\x00\x00\x00\x01hi")],
        [r"→ preface PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "→ type 238 stream 1  2 bytes"],
    ),
    "TLS": (
        [
            ("→", record(22, b"\x01" + b"x" * 511)),
            ("←", record(22, b"\x02" + b"y" * 99) + record(20, b"\x01") + record(23, b"z" * 1000)),
            ("→", record(20, b"\x01") + record(22, b"\x01?") + record(23, b"\n" * 70) + record(23, b"\n" * 30)),
            ("←", record(23, b"z" * 1000)),
            ("→", record(23, b"\n" * 70)),
        ],
        [
            "→ handshake ClientHello, 512 bytes",
            "← handshake ServerHello, 100 bytes",
            "← change_cipher_spec 1 byte",
            "← application_data 1,000 bytes",
            "→ change_cipher_spec 1 byte",
            "→ handshake 2 bytes",
            "→ application_data 2 records, 100 bytes",
            "← application_data 1,000 bytes",
            "→ application_data 70 bytes",
        ],
    ),
    "TLS to a server that knows none": (
        [("→", record(22, b"\x01" + b"\n" * 511)), ("←", BAD_REQUEST), ("←", "FIN")],
        ["→ handshake ClientHello, 512 bytes", "← Response 400 Bad Request", "← FIN"],
    ),
    "HTTP to a server of TLS": (
        [("→", GET), ("←", record(21, b"\x02\x46")), ("←", "FIN")],
        ["→ Request GET /", "← alert fatal protocol_version", "← FIN"],
    ),
    "TLS cut short": (
        [("→", record(22, b"\x01" * 20)[:12]), ("→", "FIN"), ("←", b"\x15\x03"), ("←", "FIN")],
        [
            "→ handshake ClientHello, 20 bytes",
            "→ cut short 7 of 20 bytes",
            "→ FIN",
            r"← bytes \x15\x03",
            "← FIN",
        ],
    ),
    "TLS cut in a header": (
        [("→", record(22, b"\x01" * 20) + b"\x17\x03"), ("→", "FIN")],
        ["→ handshake ClientHello, 20 bytes", "→ application_data", "→ cut short header: 2 of 5 bytes", "→ FIN"],
    ),
    "TLS so far": (
        [("→", record(22, b"\x01" * 20)[:12])],
        ["→ handshake ClientHello, 20 bytes (7 of 20 bytes)"],
    ),
    "TLS so far, after a whole record": (
        [("→", record(22, b"\x01" * 20) + record(23, b"x" * 9) + record(23, b"y" * 9)[:8])],
        [
            "→ handshake ClientHello, 20 bytes",
            "→ application_data 9 bytes",
            "→ application_data 9 bytes (3 of 9 bytes)",
        ],
    ),
    "what follows TLS and is none": (
        [("→", record(22, b"\x01" * 20) + b"bye\n\n")],
        ["→ handshake ClientHello, 20 bytes", r"→ bytes bye\n\n"],
    ),
    "Redis": (
        [
            ("→", b"*3\r\n$7\r\nPUBLISH\r\n$4\r\nchat\r\n$5\r\nhello\r\n*1\r\n$4\r\nPING\r\n"),
            ("←", b":2\r\n+PONG\r\n"),
            ("→", b"*2\r\n$3\r\nGET\r\n$1\r\n\n\r\n"),
            ("←", b"$-1\r\n-ERR no\r\n*-1\r\n"),
            ("←", b"*3\r\n$7\r\nmessage\r\n*1\r\n:5\r\n$5\r\nhe\nlo\r\n%1\r\n+a\r\n_\r\n"),
        ],
        [
            "→ command PUBLISH chat hello",
            "→ command PING",
            "← reply 2",
            "← reply PONG",
            r"→ command GET \n",
            "← reply nil",
            "← reply -ERR no",
            "← reply nil",
            r"← reply message 5 he\nlo",
            "← reply a nil",
        ],
    ),
    "Redis cut short": (
        [
            ("→", b"*2\r\n$3\r\nGET\r\n$9\r\nabc"),
            ("→", "FIN"),
            ("←", b"*2\r\n:1\r\n:"),
            ("←", "FIN"),
        ],
        [
            "→ command GET abc",
            "→ cut short 3 of 9 bytes",
            "→ FIN",
            "← reply 1",
            "← cut short 1 more",
            "← FIN",
        ],
    ),
    "what follows Redis and is none": (
        [("→", b"*1\r\n$4\r\nPING\r\nGET /\r\n"), ("←", b"+PONG\r\n?\r\n")],
        ["→ command PING", r"→ bytes GET /\r\n", "← reply PONG", r"← bytes ?\r\n"],
    ),
    "a protocol that nobody knows": (
        [("→", b"one\ntwo\n"), ("←", b"\x00\x01\r\n\r\n"), ("→", b"three\n"), ("←", "RST")],
        [r"→ bytes one\ntwo\n", r"← bytes \x00\x01\r\n\r\n", r"→ bytes three\n", "← RST"],
    ),
    "a server that speaks first": (
        [("←", b"220 hello\r\n"), ("→", b"HELO me\r\n"), ("←", b"250 me\r\n")],
        [r"← bytes 220 hello\r\n", r"→ bytes HELO me\r\n", r"← bytes 250 me\r\n"],
    ),
}
ENDS = {
    "one side, then the other": ([("→", GET), ("→", "FIN"), ("←", "FIN")], ["→ Request GET /", "⇄ FIN"]),
    "the other side, then the one": ([("→", GET), ("←", "FIN"), ("→", "FIN")], ["→ Request GET /", "⇄ FIN"]),
    "one side only": ([("→", GET), ("←", "FIN")], ["→ Request GET /", "← FIN"]),
    "the other still sent": (
        [("→", GET), ("→", "FIN"), ("←", OK + b"hi"), ("←", "FIN")],
        ["→ Request GET /", "→ FIN", "← Response 200 OK", "← Data hi", "← FIN"],
    ),
    "the cell noted something between": (
        [("→", GET), ("←", "FIN"), ("", "the client has read the FIN"), ("→", "FIN")],
        ["→ Request GET /", "← FIN", "→ FIN"],
    ),
    "the cell noted something before and after": (
        [("", "it begins"), ("→", GET), ("", "now"), ("←", "FIN"), ("→", "FIN"), ("", "over")],
        ["→ Request GET /", "⇄ FIN"],
    ),
    "a reset": ([("→", GET), ("→", "RST")], ["→ Request GET /", "→ RST"]),
    "a reset after a FIN": ([("→", GET), ("→", "FIN"), ("←", "RST")], ["→ Request GET /", "→ FIN", "← RST"]),
    "two resets": ([("→", GET), ("←", "RST"), ("→", "RST")], ["→ Request GET /", "⇄ RST"]),
    "both were cut short": (
        [("→", UPGRADE), ("←", CHUNKED), ("→", b"GET"), ("→", "FIN"), ("←", "FIN")],
        ["→ Request GET /chat", "← Response 200 OK", "→ bytes GET", "← cut short no last chunk", "⇄ FIN"],
    ),
}
CONVERSATIONS = {
    **HTTP,
    **LENIENT,
    **{name: conversation(*each) for name, each in WEBSOCKET.items()},
    **SWITCHES,
    **OTHERS,
    **ENDS,
}
EVERY = pytest.mark.parametrize("moves", [moves for moves, _ in CONVERSATIONS.values()], ids=CONVERSATIONS)


@pytest.mark.parametrize(("moves", "expected"), CONVERSATIONS.values(), ids=CONVERSATIONS)
def test_a_conversation(moves, expected):
    assert story(decoded(*moves)) == expected


def everything(messages) -> list:
    """All of the messages that does not depend on how the bytes came."""
    return [(story([m]), m.raw, m.spans, m.exchange, m.connection) for m in messages]


@EVERY
def test_how_the_bytes_were_cut_does_not_matter(moves):
    expected = everything(decoded(*moves))
    if sum(len(what) for _, what in moves) < 5000:
        assert everything(decoded(*moves, cut=singly)) == expected
    for seed in range(10):
        assert everything(decoded(*moves, cut=at_random(seed))) == expected


@EVERY
def test_nothing_is_lost(moves):
    messages = decoded(*moves, cut=at_random(1))
    came = dict(enumerate(pieces(*moves, cut=at_random(1))))
    for way in "→←":
        assert b"".join(m.raw for m in messages if m.way == way) == said(moves, way)
    for message in messages:
        assert b"".join(span.raw for span in message.spans) == message.raw
        assert b"".join(part.raw for part in message.parts) == message.raw
        assert all(part.raw in came[part.place].data and part.when == came[part.place].when for part in message.parts)
        if message.raw:
            assert (message.place, message.when) == (message.parts[0].place, message.parts[0].when)


@EVERY
def test_whatever_came_so_far_is_all_there(moves):
    """Every beginning of every conversation: nothing is lost, and nothing raises."""
    kept = pieces(*moves, cut=singly if sum(len(what) for _, what in moves) < 700 else at_random(2))
    for length in range(1, len(kept)):
        if any(piece.way for piece in kept[:length]):
            messages = decode(list(enumerate(kept[:length])))
            for way in "→←":
                came = b"".join(piece.data for piece in kept[:length] if piece.way == way)
                assert b"".join(m.raw for m in messages if m.way == way) == came


def test_bytes_that_mean_nothing_are_all_there():
    beginnings = [[], OPEN, DEFLATE, [("→", PREFACE)], [("→", GET), ("←", CHUNKED)], [("→", record(22, b"\x01"))]]
    beginnings += [[("→", b"*1\r\n$4\r\nPING\r\n")], [("→", GET[:-2]), ("←", b"HTTP/1.1 ")]]
    for seed in range(800):
        chance = random.Random(seed)
        moves = [(chance.choice("→←"), chance.randbytes(chance.randint(1, 40))) for _ in range(6)]
        moves = [*beginnings[seed % len(beginnings)], *moves]
        messages = decoded(*moves)
        for way in "→←":
            assert b"".join(m.raw for m in messages if m.way == way) == said(moves, way)


def test_changed_bytes_are_all_there():
    """One byte of a conversation changed, at every place in turn."""
    for moves, _ in CONVERSATIONS.values():
        for number, (way, what) in enumerate(moves):
            for at in range(min(len(what), 120) if isinstance(what, bytes) else 0):
                changed = what[:at] + bytes([what[at] ^ 0x21]) + what[at + 1 :]
                tried = [*moves[:number], (way, changed), *moves[number + 1 :]]
                messages = decoded(*tried)
                assert all(b"".join(m.raw for m in messages if m.way == w) == said(tried, w) for w in "→←")


def test_the_spans_of_a_message():
    packed = deflated(b"hello", mask=False)[0]
    *_, text, compressed = decoded(*DEFLATE, ("→", b"\x81\x82abcd\x09\x0b"), ("←", packed))
    assert [(span.kind, span.raw) for span in text.spans] == [
        ("header", b"\x81\x82"),
        ("mask", b"abcd"),
        ("data", b"\x09\x0b"),
    ]
    assert [(span.kind, span.raw) for span in compressed.spans] == [("header", packed[:2]), ("deflated", packed[2:])]
    head, chunk, last = decoded(("←", CHUNKED + b"3;x\r\nyou\r\n0\r\nSum: 7\r\n\r\n"))
    assert [(span.kind, span.raw) for span in head.spans] == [("head", CHUNKED)]
    assert [(s.kind, s.raw) for s in chunk.spans] == [("framing", b"3;x\r\n"), ("data", b"you"), ("framing", b"\r\n")]
    assert [span.raw for span in last.spans] == [b"0\r\n", b"Sum: 7\r\n", b"\r\n"]


def test_a_request_and_all_that_answers_it_have_a_number():
    moves = [("→", POST + b"\r\na=b" + GET), ("←", CONTINUE + OK + b"hi" + OK + b"ho"), *OPEN]
    moves += [("←", frame(Opcode.TEXT, b"hi"))]
    numbers = [(message.name, message.exchange) for message in decoded(*moves)]
    assert numbers == [
        ("Request", 1),
        ("Data", 1),
        ("Request", 2),
        ("InformationalResponse", 1),
        ("Response", 1),
        ("Data", 1),
        ("Response", 2),
        ("Data", 2),
        ("Request", 3),
        ("InformationalResponse", 3),
        ("TEXT", 3),
    ]


def test_what_came_after_a_place():
    """A message that goes on after it is there with what came after it."""
    moves = [("→", GET), ("←", OK.replace(b"2\r", b"6\r") + b"one"), ("←", b"two"), ("→", GET)]
    later = [message.since(2) for message in decoded(*moves)]
    assert later[:2] == [None, None]
    assert (later[2].raw, later[2].summary, later[2].place) == (b"two", "two", 2)
    assert [(span.kind, span.raw) for span in later[2].spans] == [("data", b"two")]
    assert later[3].raw == GET


def test_what_came_of_a_chunk_after_a_place():
    later = [message.since(2) for message in decoded(("→", GET), ("←", CHUNKED + b"6\r\non"), ("←", b"etwo\r\n"))]
    assert (later[2].raw, later[2].summary) == (b"etwo\r\n", "etwo")
    assert [(span.kind, span.raw) for span in later[2].spans] == [("data", b"etwo"), ("framing", b"\r\n")]
    assert later[2].data == b"etwo"


def test_nothing_is_said_of_what_came_before_a_place():
    *_, later = [message.since(2) for message in decoded(("→", GET), ("←", b"old\n"), ("←", b"new\n"))]
    assert story([later]) == [r"← not HTTP/1.1 new\n"]
    (later,) = [message.since(1) for message in decoded(("→", GET[:20]), ("→", GET[20:]))]
    assert story([later]) == ["→ Request GET /"]


SIZE = 1 << 18
BIG = {
    "a body": [("→", GET), ("←", OK.replace(b"2\r", b"%d\r" % SIZE)), ("←", b"x\n" * (SIZE // 2))],
    "chunks": [("→", GET), ("←", CHUNKED), *[("←", b"80\r\n" + b"x\n" * 64 + b"\r\n")] * 1024],
    "requests": [("→", GET * 500), ("←", (OK + b"hi") * 500)],
    "frames": [*OPEN, *[("←", frame(Opcode.BINARY, b"\n" * 128))] * 1024],
    "TLS": [("→", record(22, b"\x01")), *[("→", record(23, b"\n" * 128))] * 1024],
    "HTTP/2": [("→", PREFACE), *[("→", http2.DataFrame(1, b"\n" * 128).serialize())] * 1024],
    "Redis": [("→", b"*1\r\n$128\r\n" + b"\n" * 128 + b"\r\n")] * 1024,
    "unknown": [("→", b"\x00\n\n" * 43)] * 1024,
    "after HTTP": [("→", GET), *[("→", b"\x00\n\n" * 43)] * 1024],
    "a line without an end": [("→", b"GET /" + b" " * SIZE)],
    "a head without an end": [("→", b"GET / HTTP/1.1\r\n" + b"x: y \n" * (SIZE // 6))],
}


def test_h11_is_given_little_more_than_it_needs(monkeypatch):
    given = []
    real = h11.Connection.receive_data
    monkeypatch.setattr(h11.Connection, "receive_data", lambda self, data: given.append(len(data)) or real(self, data))
    requests = (POST.replace(b"3", b"6000") + b"\r\n" + b"x" * 6000) * 100
    decoded(("→", requests))
    assert sum(given) <= 3 * len(requests)


def seconds(moves) -> float:
    """The processor time of decoding the moves, the least of four."""
    numbered = list(enumerate(pieces(*moves)))
    spent = []
    for _ in range(4):
        began = time.process_time()
        decode(numbered)
        spent.append(time.process_time() - began)
    return min(spent)


@pytest.mark.parametrize("moves", BIG.values(), ids=BIG)
def test_four_times_the_bytes_take_four_times_the_time(moves):
    """And not sixteen times."""
    few = [*moves[:2], *moves[2:] * 2] if len(moves) > 3 else moves
    many = [*moves[:2], *moves[2:] * 8] if len(moves) > 3 else [(way, what * 4) for way, what in moves]
    assert seconds(many) < 12 * seconds(few) + 0.02
