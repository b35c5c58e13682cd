"""HTTP/1.1 bodies (RFC 9112 sections 6 to 8), read by h11.

A body is given to h11 in blocks, and its bytes are counted by what h11 says of them: h11 is never asked how many it
has left, which would copy them, so that a stream is read once however many pieces a body has.
"""

import re
from collections.abc import Iterator

import h11

from .heads import LONGEST, NO_EMPTY_LINE, take_other
from .stream import Stream, cut, short

LAST_CHUNK = re.compile(rb"0+[ \t]*(?:;[^\n]*)?\r\n(?:[^\n]+\n)*?\r?\n")  # with its trailers (RFC 9112 section 7.1)
SMALLEST, LARGEST = 4096, 1 << 20  # bytes of a body that h11 is given at once


def take_body(stream: Stream, parser: h11.Connection, head: h11.Event) -> None:
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
        take_other(stream, cut(str(error), LONGEST))
        return
    if chunked:
        _take_cut_chunk(stream, line, size)
    elif b"content-length" in headers:
        _take_cut_data(stream, size, int(headers[b"content-length"]))
    else:
        _take_data(stream, 0, size)


def _events(stream: Stream, parser: h11.Connection) -> Iterator[h11.Event]:
    """The events of the body that stands next; h11 is given no more than SMALLEST, or twice what it needs."""
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
