"""HTTP/1.1 (RFC 9112), exchange by exchange, as long as both sides speak it: heads.py and bodies.py read its parts."""

from dataclasses import dataclass

import h11

from .bodies import take_body
from .heads import OTHER, begins, next_head, until_head
from .stream import Part, Stream, short

# How to read an answer that nobody asked for, or whose request nobody could read.
UNREAD = h11.Request(method="GET", target="/", headers=[("Host", "-")])


@dataclass(frozen=True)
class Switch:
    """What a connection speaks after HTTP/1.1: the 101's Upgrade, or "" behind a CONNECT, which may be anything."""

    protocol: str
    deflated: bool = False


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
    if found := next_head(stream, None):
        parser, event = found
        take_body(stream, parser, event)
        return event
    return UNREAD


def _answer(stream: Stream, request: h11.Request) -> Switch | None:
    """Reads the answer to the request with its body, and the answers before the last; a switch if it was one."""
    while found := next_head(stream, request):
        parser, event = found
        headers = dict(event.headers)
        if event.status_code == 101:
            extensions = headers.get(b"sec-websocket-extensions", b"")
            return Switch(headers.get(b"upgrade", b"").lower().decode("latin-1"), b"permessage-deflate" in extensions)
        if isinstance(event, h11.InformationalResponse):
            continue
        if request.method == b"CONNECT" and event.status_code < 300:
            return Switch("")
        take_body(stream, parser, event)
        if stream.left and not begins(stream):  # more than its length said
            length = until_head(stream)
            stream.take("bytes", short(stream.data[stream.at : stream.at + length]), ("data", length))
        return None
    return None
