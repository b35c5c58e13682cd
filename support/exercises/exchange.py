"""The exchange that a check judged, to be looked at: bytes, events, the diagram, and the same request as `curl`."""

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape

import h11

from ..app.events import Events
from ..errors import BenchError, raised
from ..peers import KEY
from ..sequences import sequence
from ..show import Table
from ..wire.tap import Tap
from ..wire.wire import Wire

LONGEST = 200  # bytes of a body that one would type after curl
READ = 16384  # bytes of what was sent: a head, and more than such a body
# What curl sends by itself, or what only our clients send.
OWN = (b"accept", b"accept-encoding", b"connection", b"content-length", b"user-agent")
SWITCHING = (b"connection", b"upgrade")


@dataclass(frozen=True)
class Exchange:
    """`html` is what crossed, in tables and as a diagram, `curl` the command that asks the same; each may be empty."""

    html: str = ""
    curl: str = ""


def exchange(taps: Sequence[Tap], began: int, curl: str = "") -> Exchange:
    """What crossed the taps since they were cleared, and the events of the apps behind them since `began` (ns).

    `curl` takes the place of the command that the first tap's request gives.
    """
    wires = [(tap, tap.wire) for tap in taps]
    used = [(tap, wire) for tap, wire in wires if wire.messages]
    if not used:
        return Exchange(curl=curl)
    try:
        html = "".join(_parts(used, began))
    except Exception as error:  # the verdict matters more than its picture
        html = _pre(f"This cannot be drawn · 그릴 수 없습니다: {raised(error)}")
    return Exchange(html, curl or as_curl(*used[0]))


def _parts(used: list[tuple[Tap, Wire]], began: int) -> Iterator[str]:
    """The tables, each under the names of the two who talk, then the diagram."""
    for tap, wire in used:
        yield titled(f"{tap.client} ⇄ {tap.upstream.name}", wire)
    events = [recorded for tap, _ in used if (recorded := _events(tap, began))]
    for recorded in events:
        yield titled(f"{recorded.server} ⇄ app", recorded)
    yield sequence(*(tap for tap, _ in used), *events)._repr_html_()


def titled(parties: str, shown: Wire | Events | Table) -> str:
    """What is shown, as HTML, under the names of the two who talk: `client ⇄ uvicorn`."""
    return _pre(parties) + shown._repr_html_()


def _pre(text: str) -> str:
    return f"<pre>{escape(text)}</pre>"


def _events(tap: Tap, began: int) -> Events | None:
    """What the app behind the tap recorded since then; None if nothing, or if it is not recorded."""
    try:
        events = tap.upstream.events(timeout=0)
    except BenchError:
        return None
    return events[sum(event.when < began for event in events) :] or None


def as_curl(tap: Tap, wire: Wire) -> str:
    """The curl command that sends the server the one request that crossed; nothing where curl would send another."""
    parser, sent = h11.Connection(h11.SERVER), wire.bytes("→")
    parser.receive_data(sent[:READ])
    try:
        request, body = parser.next_event(), b""
        while isinstance(event := parser.next_event(), h11.Data):
            body += bytes(event.data)
    except h11.RemoteProtocolError:
        return ""
    alone = isinstance(event, h11.EndOfMessage) and not parser.trailing_data[0]
    if not alone or len(body) > LONGEST or not (body.isascii() and body.decode().isprintable()):
        return ""
    url = tap.upstream.url + request.target.decode("latin-1")
    return shlex.join(["curl", "-i", *_options(request, body, tap), url])


def _options(request: h11.Request, body: bytes, tap: Tap) -> list[str]:
    """What curl must be told besides the address."""
    method, upgrades = request.method.decode(), any(name == b"upgrade" for name, _ in request.headers)
    options = [] if method == ("POST" if body else "GET") else ["-X", method]
    if request.http_version == b"1.0":
        options.append("--http1.0")
    if upgrades:
        options += ["-m", "2"]  # seconds: after a 101 the connection stays open
    for name, value in request.headers.raw_items():
        kind, text = name.lower(), value.decode("latin-1")
        here = kind == b"host" and text in (tap.address, tap.upstream.address)
        if here or (kind in OWN and not (upgrades and kind in SWITCHING)):
            continue
        options += ["-H", f"{name.decode()}: {KEY if kind == b'sec-websocket-key' else text}"]
    return [*options, "--data-raw", body.decode()] if body else options
