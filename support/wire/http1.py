"""HTTP/1.1 (RFC 9112), read by h11, exchange by exchange, as long as both sides speak it.

h11 is never asked how many bytes it has left: a head is found by its empty line and given to h11 alone, and a body is
given to it in blocks, so that a stream is read once however many messages are in it.

Servers take more than h11 does: an empty line before a request, a request without a Host, a target in raw UTF-8. So
what h11 refuses is given to it again, corrected (`_attempts`): its objection becomes the message's note, and the rest
of the connection is read all the same. What has no head at all is taken up to where the next one begins.
"""

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass

import h11

from .stream import Part, Stream, cut, short

# How to read an answer that nobody asked for, or whose request nobody could read.
UNREAD = h11.Request(method="GET", target="/", headers=[("Host", "-")])

# A first line as the most lenient server reads it: with a version, or a GET without one (HTTP/0.9).
TOKEN = rb"[-!#$%&'*+.^_`|~0-9A-Za-z]+"
REQUEST = (
    rb"(?=[^\r\n]*HTTP/\d\.\d[ \t]*\r?\n|GET +/)"
    rb"(?P<method>" + TOKEN + rb") +(?P<rest>[^\r\n]*?)(?:HTTP/(?P<version>\d\.\d)[ \t]*)?\r?\n"
)
RESPONSE = rb"HTTP/(?P<version>\d\.\d) +(?P<rest>(?P<status>\d{3})?[^\r\n]*)\r?\n"
CUT_REQUEST, CUT_RESPONSE = rb"(?P<rest>[A-Z]+ +[/*h][^\r\n]*)\r?\Z", rb"(?P<rest>HTTP/[^\r\n]*)\r?\Z"
EMPTY_LINES, EMPTY_LINE = re.compile(rb"(?:\r?\n)*"), re.compile(rb"\n\r?\n")
FRAMING = re.compile(rb"(?im)^(content-length|transfer-encoding|connection|upgrade)[ \t]*:([^\r\n]*)")
LAST_CHUNK = re.compile(rb"0+[ \t]*(?:;[^\n]*)?\r\n(?:[^\n]+\n)*?\r?\n")  # with its trailers (RFC 9112 section 7.1)
OTHER = "not HTTP/1.1"  # the name of what has no head
NO_EMPTY_LINE = "no empty line"  # what a head lacks that is not complete
LONGEST = 100  # characters of an objection that are told
SMALLEST, LARGEST = 4096, 1 << 20  # bytes of a body that h11 is given at once


@dataclass(frozen=True)
class Switch:
    """What a connection speaks after HTTP/1.1: the 101's Upgrade, or "" behind a CONNECT, which may be anything."""

    protocol: str
    deflated: bool = False


@dataclass(frozen=True)
class _Side:
    """How the heads of one side look: their first line, where one begins, and a first line that was cut."""

    name: str
    line: re.Pattern
    beginning: re.Pattern
    cut: re.Pattern


CLIENT = _Side(
    "Request",
    re.compile(REQUEST),
    re.compile(rb"\n(?P<head>" + TOKEN + rb" +[^\r\n]*?HTTP/\d\.\d[ \t]*\r?\n)"),
    re.compile(CUT_REQUEST),
)
SERVER = _Side(
    "Response", re.compile(RESPONSE), re.compile(rb"(?P<head>HTTP/\d\.\d \d{3}[ \r\n])"), re.compile(CUT_RESPONSE)
)


def begins(stream: Stream) -> bool:
    """True if a head stands next in the stream, or as much of one as came."""
    side, at = _side(stream), EMPTY_LINES.match(stream.data, stream.at).end()
    return bool(side.line.match(stream.data, at) or side.cut.match(stream.data, at))


def requests(data: bytes) -> list[h11.Request]:
    """The requests in the data that call for an answer; UNREAD in the place of what is none."""
    stream, found = Stream("→", [Part(0, 0, data)]), []
    while stream.left:
        request = _request(stream)
        if request is not UNREAD or stream.messages[-1].name == OTHER:
            found.append(request)
    return found


def read(client: Stream, server: Stream) -> Switch | None:
    """Reads both directions, until the bytes end or a switch: then what it is to."""
    while client.left or server.left:
        client.exchange = server.exchange = server.exchange + 1
        request = _request(client)
        if switch := _answer(server, request):
            return switch
    return None


def _request(stream: Stream) -> h11.Request:
    """Reads the next request with its body; UNREAD if there is none that can be read."""
    if found := _head(stream, None):
        parser, event = found
        _body(stream, parser, event)
        return event
    return UNREAD


def _answer(stream: Stream, request: h11.Request) -> Switch | None:
    """Reads the answer to the request with its body, and the answers before the last; a switch if it was one."""
    while found := _head(stream, request):
        parser, event = found
        headers = dict(event.headers)
        if event.status_code == 101:
            extensions = headers.get(b"sec-websocket-extensions", b"")
            return Switch(headers.get(b"upgrade", b"").lower().decode("latin-1"), b"permessage-deflate" in extensions)
        if isinstance(event, h11.InformationalResponse):
            continue
        if request.method == b"CONNECT" and event.status_code < 300:
            return Switch("")
        _body(stream, parser, event)
        if stream.left and not begins(stream):  # more than its length said
            length = _until_head(stream)
            stream.take("bytes", short(stream.data[stream.at : stream.at + length]), ("data", length))
        return None
    return None


def _side(stream: Stream) -> _Side:
    return CLIENT if stream.way == "→" else SERVER


def _head(stream: Stream, request: h11.Request | None) -> tuple[h11.Connection, h11.Event] | None:
    """Takes the next head: the parser that goes on with its body, and h11's event. None if none is complete.

    What stands before it is a message of its own. `request` is what it answers, if it is an answer.
    """
    side = _side(stream)
    while stream.left:
        start = EMPTY_LINES.match(stream.data, stream.at).end()
        if line := side.line.match(stream.data, start):
            break
        if cut := side.cut.match(stream.data, start):
            stream.take_unfinished(side.name, short(cut["rest"]), ("head", stream.left), lacks=NO_EMPTY_LINE)
        elif stream.data.find(b"\n", start) < 0:  # not even a first line
            stream.take("bytes", short(stream.data[stream.at :]), ("data", stream.left))
        else:
            _take_other(stream, _objection(stream.data[start : start + 4096], request))
    else:
        return None
    summary = _summary(line)
    if not (end := EMPTY_LINE.search(stream.data, line.end() - 1)):
        stream.take_unfinished(side.name, summary, ("head", stream.left), lacks=NO_EMPTY_LINE)
        return None
    parser, event, objections = _read_head(stream.data[stream.at : end.end()], line, request)
    note = f"h11: {'; '.join(objections)}" if objections else ""
    stream.take(type(event).__name__, summary, ("head", end.end() - stream.at), note=note)
    return parser, event


def _summary(line: re.Match) -> str:
    """A request as method and target, an answer as its status."""
    if "method" not in line.groupdict():
        return short(line["rest"].strip(), 200)
    return f"{line['method'].decode()} {short(line['rest'].rstrip(), 200)}"


def _read_head(head: bytes, line: re.Match, request) -> tuple[h11.Connection, h11.Event, list[str]]:
    """A head as h11 reads it, with the parser that did, and what h11 objected before it was corrected."""
    objections = []
    for attempt, lenient in _attempts(head, line):
        parser = parser_for(request, lenient)
        try:
            parser.receive_data(attempt)
            return parser, parser.next_event(), list(dict.fromkeys(objections[:2]))
        except h11.RemoteProtocolError as error:
            objections.append(cut(str(error), LONGEST))
    raise AssertionError(f"h11 refuses {attempt!r}: {objections[-1]}")


def _attempts(head: bytes, line: re.Match) -> Iterator[tuple[bytes, bool]]:
    """A head as it came; without empty lines before it; with nothing but what frames its body; without even that."""
    yield head, False
    yield head.lstrip(b"\r\n"), False
    version = line["version"] or b"1.0"
    if "method" in line.groupdict():
        first = line["method"] + b" / HTTP/" + version + b"\r\nHost: -\r\n"
    else:
        status = line["status"] or b""
        first = b"HTTP/" + version + b" " + (status if status >= b"100" else b"200") + b"\r\n"
    fields = b"".join(b"%s: %s\r\n" % (field[1], field[2].strip()) for field in FRAMING.finditer(head))
    yield first + fields + b"\r\n", True
    yield first + b"\r\n", True


def parser_for(request: h11.Request | None, lenient: bool = False) -> h11.Connection:
    """A parser for the next request, or for the answer to this one."""
    if request is None:
        return h11.Connection(h11.SERVER, max_incomplete_event_size=sys.maxsize)
    parser = h11.Connection(h11.CLIENT, max_incomplete_event_size=sys.maxsize)
    # All that the answer depends on; h11 sends nothing without a Host, but HTTP/1.0 needs none.
    asked = lenient or any(name == b"upgrade" for name, _ in request.headers)
    upgrade = [("Upgrade", "-")] if asked else []
    parser.send(h11.Request(method=request.method, target="/", headers=[("Host", "-"), *upgrade]))
    parser.send(h11.EndOfMessage())
    return parser


def _objection(data: bytes, request: h11.Request | None) -> str:
    """What h11 says to a first line that is none, in short."""
    parser = parser_for(request)
    parser.receive_data(data.partition(b"\n")[0].rstrip(b"\r") + b"\r\n\r\n")
    try:
        parser.next_event()
    except h11.RemoteProtocolError as error:
        return cut(str(error), LONGEST)
    return "no first line"


def _until_head(stream: Stream) -> int:
    """How many bytes there are before the next place where a head begins."""
    found = _side(stream).beginning.search(stream.data, stream.at + 1)
    return (found.start("head") if found else len(stream.data)) - stream.at


def _take_other(stream: Stream, why: str) -> None:
    """Takes what is no HTTP/1.1, up to where a head begins."""
    length = _until_head(stream)
    said = short(stream.data[stream.at : stream.at + length])
    stream.take(OTHER, said, ("data", length), note=f"h11: {why}")


def _events(stream: Stream, parser: h11.Connection) -> Iterator[h11.Event]:
    """The events of the body that stands next; h11 is given no more than twice what it needs."""
    given, block = stream.at, SMALLEST
    while True:
        event = parser.next_event()
        if event is not h11.NEED_DATA:
            yield event
            if isinstance(event, h11.EndOfMessage):
                return
        elif given < len(stream.data):
            parser.receive_data(stream.data[given : given + block])
            given, block = given + block, min(2 * block, LARGEST)
        else:
            return


def _body(stream: Stream, parser: h11.Connection, head: h11.Event) -> None:
    """Takes the body that follows the head, piece by piece; what frames a piece belongs to it."""
    headers = dict(head.headers)
    chunked = b"transfer-encoding" in headers
    line = size = 0  # of the piece that is being read: the length of its size line, and of its data
    try:
        for event in _events(stream, parser):
            if not isinstance(event, h11.Data):
                _take_data(stream, 0, size)
                if chunked:
                    _take_last_chunk(stream)
                return
            if event.chunk_start:
                line = _line(stream)
            size += len(event.data)
            if event.chunk_end:
                _take_data(stream, line, size)
                line = size = 0
    except h11.RemoteProtocolError as error:
        _take_data(stream, line, size)
        _take_other(stream, cut(str(error), LONGEST))
        return
    if chunked:
        _take_cut_chunk(stream, line, size)
    elif b"content-length" in headers:
        _take_cut_data(stream, size, int(headers[b"content-length"]))
    else:
        _take_data(stream, 0, size)


def _line(stream: Stream) -> int:
    """The length of the line that stands next, its CRLF included; 0 if it is not complete."""
    found = stream.data.find(b"\r\n", stream.at)
    return found + 2 - stream.at if found >= 0 else 0


def _take_data(stream: Stream, line: int, size: int) -> None:
    """Takes a piece of a body; a chunk with the line before it and the CRLF behind it (RFC 9112 section 7.1)."""
    if not size:
        return
    start = stream.at + line
    said = short(stream.data[start : start + size])
    end = stream.data[start + size : start + size + 2] if line else b""
    crlf = len(end) if b"\r\n".startswith(end) else 0
    stream.take("Data", said, ("framing", line), ("data", size), ("framing", crlf))


def _take_last_chunk(stream: Stream) -> None:
    """Takes the last chunk, its trailers and its CRLF, if the body had any (the answer to a HEAD has none)."""
    if found := LAST_CHUNK.match(stream.data, stream.at):
        lines = found[0].splitlines(keepends=True)
        stream.take("EndOfMessage", "", *(("framing", len(line)) for line in lines))


def _take_cut_chunk(stream: Stream, line: int, size: int) -> None:
    """Takes what there is of the chunk that was not complete when the bytes ended."""
    line = line or _line(stream)
    announced = re.match(rb"[0-9A-Fa-f]+", stream.data[stream.at : stream.at + 20])
    if not stream.left:
        stream.cut("no last chunk")
    elif line and announced and (length := int(announced[0], 16)):
        said = short(stream.data[stream.at + line :])
        lacks = f"chunk: {size:,} of {length:,} bytes"
        stream.take_unfinished("Data", said, ("framing", line), ("data", size), lacks=lacks)
    elif line:
        stream.take_unfinished("EndOfMessage", "", ("framing", stream.left), lacks=NO_EMPTY_LINE)
    else:
        stream.take_unfinished("Data", "", ("framing", stream.left), lacks="chunk: no CRLF after its length")


def _take_cut_data(stream: Stream, size: int, length: int) -> None:
    """Takes what there is of a body whose length was announced."""
    lacks = f"{size:,} of {length:,} bytes"
    if size:
        stream.take_unfinished("Data", short(stream.data[stream.at :]), ("data", size), lacks=lacks)
    else:
        stream.cut(lacks)
