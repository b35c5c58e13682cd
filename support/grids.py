"""The same to every server, and their answers side by side: who differs from whom, and who is right.

    Case      what is done to a server, what of its answer is shown, and the clause that speaks of it
    Answer    the bytes that came back, and whether the server has closed the connection
    Grid      a table with a row for a case and a column for a server

A case of one's own is one line:

    Case("no Host", b"GET / HTTP/1.1\\r\\n\\r\\n", right="400", clause="RFC 9112 §3.2")

No clock decides that a server stays silent: it has then answered later requests, and this one not.
Where servers answer some requests from a timer only, `later` names a path that is answered from it too.
"""

import contextlib
import re
import select
import socket
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from html import escape
from itertools import chain, repeat

import h11

from .errors import BenchError
from .show import Table, code
from .wire.heads import parser_for
from .wire.http1 import UNREAD, requests

LATER = "GET {} HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n"
ENOUGH = 2  # of those answered: in the turn of its loop that answers the first, a server may have more to send
PAUSE = 0.1  # seconds without a byte after which one looks whether more is to come
PATIENCE = 60.0  # seconds in which a server must answer somebody
CLAUSE = re.compile(r"RFC (?P<rfc>\d+) §(?P<section>[\d.]+)|ASGI (?P<page>\w+)#(?P<anchor>[\w-]+)")


@dataclass(frozen=True)
class Answer:
    """What came back for the bytes `sent`. `closed` is False where the server still holds the connection."""

    raw: bytes
    closed: bool
    sent: bytes = b""

    @cached_property
    def heads(self) -> list[h11.Response | h11.InformationalResponse]:
        """The head of each answer, as h11 reads them; a 100 or a 101 has one too."""
        return [event for event in self._read[0] if isinstance(event, h11.Response | h11.InformationalResponse)]

    @cached_property
    def body(self) -> bytes:
        """What came in the bodies, without the framing of chunks."""
        return b"".join(bytes(event.data) for event in self._read[0] if isinstance(event, h11.Data))

    @property
    def whole(self) -> bool:
        """True once the last answer that began has its end."""
        return bool(self._read[0]) and isinstance(self._read[0][-1], h11.EndOfMessage)

    @property
    def rest(self) -> bytes:
        """What stands behind the end of an answer and begins no other."""
        return self._read[1]

    @cached_property
    def _read(self) -> tuple[list[h11.Event], bytes]:
        """What h11 makes of the bytes, one answer after the other, and those of which it makes nothing."""
        events, rest = [], self.raw
        for request in chain(requests(self.sent), repeat(UNREAD)):
            parser = parser_for(request)
            parser.receive_data(rest)
            if self.closed:
                parser.receive_data(b"")
            answer = list(_until_its_end(parser))
            events += answer
            if answer:
                rest = parser.trailing_data[0] if isinstance(answer[-1], h11.EndOfMessage) else b""
            if not (answer and rest):
                break
        return events, rest


def _until_its_end(parser: h11.Connection) -> Iterator[h11.Event]:
    """The events of one answer, as far as it came and h11 can read it."""
    event = None
    with contextlib.suppress(h11.RemoteProtocolError):
        while not isinstance(event, h11.EndOfMessage):
            event = parser.next_event()
            if event in (h11.NEED_DATA, h11.PAUSED) or isinstance(event, h11.ConnectionClosed):
                return
            yield event


def status(answer: Answer) -> str:
    """The status codes, and how it ends if not as it should: `400`, `200, 200`, `200 cut short`, `silence`, `closed`.

    Of an answer that stays unfinished while the server holds the connection, it says `200 unfinished`; of one with
    bytes behind its end that begin no other, `200 and more`.
    """
    words = [str(head.status_code) for head in answer.heads]
    if answer.raw and not words:
        return "not HTTP/1.1"
    if not words or words[-1] == "100":
        words.append("closed" if answer.closed else "silence")
    elif words[-1] != "101" and not answer.whole:
        words[-1] += " cut short" if answer.closed else " unfinished"
    elif answer.rest:
        words[-1] += " and more"
    return ", ".join(words)


def framing(answer: Answer) -> str:
    """How the last answer tells where its body ends: `chunks`, `length`, or `close` (RFC 9112 section 6.3).

    The status where no answer came.
    """
    if not answer.heads:
        return status(answer)
    names = {name for name, _ in answer.heads[-1].headers}
    return "chunks" if b"transfer-encoding" in names else "length" if b"content-length" in names else "close"


def body(answer: Answer) -> str:
    """The body as text; the status where it was not 200."""
    said = status(answer)
    return answer.body.decode("utf-8", "replace") if said == "200" else said


@dataclass(frozen=True)
class Case:
    """One row: `does` are bytes, sent as they stand, or a function that takes the server and gives the answer as text.

    `shows` makes that text of what came back for bytes. `right` is what the clause wants, or a tuple of what it
    allows; nothing where it leaves the answer to the server. `clause` is written as `RFC 9112 §3.2`, or by the page
    of the ASGI specification and the place in it, `ASGI www#disconnect-receive-event`: these become links.
    """

    name: str
    does: bytes | Callable[..., str]
    shows: Callable[[Answer], str] = status
    right: str | tuple[str, ...] = ()
    clause: str = ""

    @property
    def allowed(self) -> tuple[str, ...]:
        """The right answers; none where every answer is as good as another."""
        return (self.right,) if isinstance(self.right, str) else self.right

    def allows(self, answer: str) -> bool:
        """True unless the clause wants another answer."""
        return not self.allowed or answer in self.allowed

    def cell(self, answer: str) -> "str | Wrong":
        """The answer as it stands in a table, with a ✗ if the clause wants another."""
        return answer if self.allows(answer) else Wrong(answer)


class Grid(Table):
    """The answers of servers to cases: ≠ marks one unlike most of its row, ✗ one that the clause does not allow.

    `split` names the cases on which the servers differ; `wrong`, by the server's name, those that it gets wrong.
    """

    def __init__(self, servers: Sequence[str], cases: Sequence[Case], answers: Sequence[Sequence[str]]) -> None:
        self._apart = Table(["", *servers], [["", *line] for line in answers], compare="rows").differing
        lines = list(zip(cases, answers, strict=True))
        self.split = [case.name for case, line in lines if len(set(line)) > 1]
        self.wrong = {
            server: [case.name for case, line in lines if not case.allows(line[place])]
            for place, server in enumerate(servers)
        }
        columns, rows = ["", *servers], [[case.name, *map(case.cell, line)] for case, line in lines]
        if any(case.allowed or case.clause for case in cases):
            columns += ["right", "clause"]
            for case, row in zip(cases, rows, strict=True):
                row += [" or ".join(case.allowed) or "–", Clause(case.clause)]
        caption = f"they differ on {len(self.split)} of {len(cases)} · {len(cases)}개 중 {len(self.split)}개에서 다름"
        super().__init__(columns, rows, compare="rows", caption=caption)

    @property
    def differing(self) -> set[tuple[int, int]]:
        """The row and column of each answer unlike most of its row."""
        return self._apart


@dataclass(frozen=True)
class Wrong:
    """An answer that the clause does not allow."""

    text: str

    def __str__(self) -> str:
        return f"{self.text} ✗"

    def _cell_html_(self) -> str:
        return f'{code(self.text)} <b class="bad">✗</b>'


@dataclass(frozen=True)
class Clause:
    """A clause as it is written; in HTML it is a link to the place, which it need not name then."""

    text: str

    def __str__(self) -> str:
        return self.text

    @property
    def url(self) -> str:
        """Where it can be read; empty for a text of another kind."""
        if not (found := CLAUSE.fullmatch(self.text)):
            return ""
        if found["rfc"]:
            return f"https://www.rfc-editor.org/rfc/rfc{found['rfc']}#section-{found['section']}"
        return f"https://asgi.readthedocs.io/en/latest/specs/{found['page']}.html#{found['anchor']}"

    def _cell_html_(self) -> str:
        if not self.url:
            return escape(self.text)
        return f'<a href="{escape(self.url)}">{self.text.partition("#")[0].replace(" ", "&nbsp;")}</a>'


def grid(servers: Sequence, cases: Sequence[Case], later: str = "/") -> Grid:
    """Puts each case to each server; the Grid of their answers. A server's column has its name.

    One server after the other gets the bytes of all its cases at once, each on a connection of its own, and is then
    given to the functions, one by one. Raises BenchError if a server no longer runs, or answers nobody (see `ask`).
    """
    columns = [_column(server, cases, later) for server in servers]
    return Grid([server.name for server in servers], cases, list(zip(*columns, strict=True)))


def _column(server, cases: Sequence[Case], later: str) -> list[str]:
    if not server.running:
        raise server.gone()
    came = iter(_answers(server, [case.does for case in cases if isinstance(case.does, bytes)], later))
    return [case.shows(next(came)) if isinstance(case.does, bytes) else case.does(server) for case in cases]


def ask(server, sent: bytes, later: str = "/") -> Answer:
    """Sends the bytes as they stand; what comes back until the server closes, or has answered later requests.

    Those ask for the path `later`, whatever the app says to it. Raises BenchError if nobody is answered for a minute.
    """
    return _answers(server, [sent], later)[0]


def _answers(server, sent: Sequence[bytes], later: str) -> list[Answer]:
    """The answer to each, all being sent at once."""
    with contextlib.ExitStack() as connections:
        came = {connections.enter_context(server.connect(PATIENCE)): b"" for _ in sent}
        for client, each in zip(came, sent, strict=True):
            with contextlib.suppress(ConnectionError):  # it may have refused them before all were sent
                client.sendall(each)
        held, asked = set(came), False
        while held:
            ready = select.select(held, [], [], 0 if asked else PAUSE)[0]
            if asked and not ready:
                break
            if asked := not ready:
                for _ in range(ENOUGH):
                    _ask_later(server, later)
            for client in ready:
                came[client] += (data := _received(client))
                if not data:
                    held.remove(client)
        return [
            Answer(raw, closed=client not in held, sent=each)
            for (client, raw), each in zip(came.items(), sent, strict=True)
        ]


def _received(client: socket.socket) -> bytes:
    """What has come; nothing at the connection's end, whichever it is."""
    try:
        return client.recv(65536)
    except ConnectionError:
        return b""


def _ask_later(server, path: str) -> None:
    """Returns once another client of the server has an answer, or was hung up on. Raises BenchError if none comes."""
    with server.connect(PATIENCE) as client:
        client.sendall(LATER.format(path).encode())
        try:
            _received(client)
        except TimeoutError:
            raise BenchError(
                f"{server.name} answers nobody: a later GET {path} has waited for {PATIENCE:g} s.",
                f"{server.name} 서버가 아무에게도 응답하지 않습니다. 나중에 보낸 GET {path} 요청도 "
                f"{PATIENCE:g}초 동안 응답을 받지 못했습니다.",
            ) from None
