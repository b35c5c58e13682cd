"""HTTP/1.1 heads (RFC 9112 sections 2 to 5), read by h11.

A head is found by its empty line and given to h11 alone. Servers take more than h11 does: an empty line before a
request, a request without a Host, a target in raw UTF-8. So what h11 refuses is given to it again, corrected
(`_attempts`); its objection becomes the message's note, and the rest of the connection is read all the same.
What has no head at all is taken up to where the next one begins.
"""

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass

import h11

from .stream import Stream, cut, short

# The first line of a head as the most lenient server reads it: with a version, or a GET without one (HTTP/0.9).
TOKEN = rb"[-!#$%&'*+.^_`|~0-9A-Za-z]+"
REQUEST = (
    rb"(?=[^\r\n]*HTTP/\d\.\d[ \t]*\r?\n|GET +/)"
    rb"(?P<method>" + TOKEN + rb") +(?P<rest>[^\r\n]*?)(?:HTTP/(?P<version>\d\.\d)[ \t]*)?\r?\n"
)
RESPONSE = rb"HTTP/(?P<version>\d\.\d) +(?P<rest>(?P<status>\d{3})?[^\r\n]*)\r?\n"
# As much of a first line as came.
CUT_REQUEST, CUT_RESPONSE = rb"(?P<rest>[A-Z]+ +[/*h][^\r\n]*)\r?\Z", rb"(?P<rest>HTTP/[^\r\n]*)\r?\Z"
EMPTY_LINES, EMPTY_LINE = re.compile(rb"(?:\r?\n)*"), re.compile(rb"\n\r?\n")
# The headers that tell how long a body is, and what comes after it.
FRAMING = re.compile(
    rb"(?im)^(content-length|transfer-encoding|connection|upgrade|sec-websocket-extensions)[ \t]*:([^\r\n]*)"
)
OTHER = "not HTTP/1.1"  # the name of what has no head
NO_EMPTY_LINE = "no empty line"  # what a head lacks that is not complete
LONGEST = 100  # characters of an objection that are told


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


def _side(stream: Stream) -> _Side:
    return CLIENT if stream.way == "→" else SERVER


def next_head(stream: Stream, request: h11.Request | None) -> tuple[h11.Connection, h11.Event] | None:
    """Takes the next head: the parser that goes on with its body, and h11's event. None if none is complete.

    What stands before it is a message of its own. `request` is what it answers, if it is an answer.
    """
    side = _side(stream)
    while stream.left:
        start = EMPTY_LINES.match(stream.data, stream.at).end()
        if line := side.line.match(stream.data, start):
            break
        if begun := side.cut.match(stream.data, start):
            stream.take_unfinished(side.name, short(begun["rest"]), ("head", stream.left), lacks=NO_EMPTY_LINE)
        elif stream.data.find(b"\n", start) < 0:  # not even a first line
            stream.take("bytes", short(stream.data[stream.at :]), ("data", stream.left))
        else:
            take_other(stream, _objection(stream.data[start : start + 4096], request))
    else:
        return None
    summary = _summary(line)
    if not (end := EMPTY_LINE.search(stream.data, line.end() - 1)):
        stream.take_unfinished(side.name, summary, ("head", stream.left), lacks=NO_EMPTY_LINE)
        return None
    parser, event, objections = _read(stream.data[stream.at : end.end()], line, request)
    note = f"h11: {'; '.join(objections)}" if objections else ""
    stream.take(type(event).__name__, summary, ("head", end.end() - stream.at), note=note)
    return parser, event


def _summary(line: re.Match) -> str:
    """A request as method and target, an answer as its status."""
    if "method" not in line.groupdict():
        return short(line["rest"].strip(), 200)
    return f"{line['method'].decode()} {short(line['rest'].rstrip(), 200)}"


def _read(head: bytes, line: re.Match, request) -> tuple[h11.Connection, h11.Event, list[str]]:
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


def until_head(stream: Stream) -> int:
    """How many bytes there are before the next place where a head begins."""
    found = _side(stream).beginning.search(stream.data, stream.at + 1)
    return (found.start("head") if found else len(stream.data)) - stream.at


def take_other(stream: Stream, why: str) -> None:
    """Takes what is no HTTP/1.1, up to where a head begins."""
    length = until_head(stream)
    said = short(stream.data[stream.at : stream.at + length])
    stream.take(OTHER, said, ("data", length), note=f"h11: {why}")
