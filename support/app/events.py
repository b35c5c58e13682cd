"""The recorded conversation between a server and its app: every WSGI call, every ASGI event, in order."""

import ast
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ..errors import BenchError
from ..show import Table, visible


@dataclass(frozen=True)
class Event:
    """One call or event: `way` is → into the app or ← out of it; `data` is what came with it.

    `exchange` names the call of the app it belongs to, `kind` is wsgi or the ASGI scope's type, `when` is in
    nanoseconds on the monotonic clock.
    """

    when: int
    exchange: str
    kind: str
    way: str
    name: str
    data: object

    @property
    def detail(self) -> str:
        """One line about the data: what one looks at first."""
        return _detail(self.name, self.data)


class Events:
    """Events in the order in which they happened, as a sequence and as a table."""

    def __init__(self, entries, server: str = "server") -> None:
        self.server = server
        everything = sorted((Event(*entry) for entry in entries), key=lambda event: event.when)
        self._ended = {e.exchange for e in everything if e.name in ("end", "raise", "return") and ends(e)}
        self._events = [event for event in everything if event.name != "end"]

    def __iter__(self) -> Iterator[Event]:
        return iter(self._events)

    def __len__(self) -> int:
        return len(self._events)

    def __getitem__(self, index):
        return self._chosen(self._events[index]) if isinstance(index, slice) else self._events[index]

    def _chosen(self, events: list[Event]) -> "Events":
        """Some of these events, as Events."""
        chosen = Events((), self.server)
        chosen._events, chosen._ended = events, self._ended
        return chosen

    @property
    def names(self) -> list[str]:
        """The names of the events, in order."""
        return [event.name for event in self._events]

    @property
    def open(self) -> set[str]:
        """The exchanges that are still going on; a lifespan lasts as long as its server and is not counted."""
        return {e.exchange for e in self._events if e.kind != "lifespan"} - self._ended

    def only(self, kind: str) -> "Events":
        """The events of one kind: wsgi, http, websocket or lifespan."""
        return self._chosen([event for event in self._events if event.kind == kind])

    @property
    def last(self) -> "Events":
        """The events of the exchange that began last."""
        begun = [event.exchange for event in self._events]
        newest = max(begun, key=begun.index, default=None)
        return self._chosen([event for event in self._events if event.exchange == newest])

    def _table(self) -> Table:
        rows, classes = [], []
        several = len({event.exchange for event in self._events}) > 1
        order = list(dict.fromkeys(event.exchange for event in self._events))
        for event in self._events:
            number = order.index(event.exchange) + 1
            rows.append((*([number] if several else []), event.way, event.name, event.detail))
            classes.append("out" if event.way == "→" else "in")
        return Table([""] * len(rows[0]), rows, classes)

    def __repr__(self) -> str:
        return repr(self._table()) if self._events else "nothing was recorded"

    def _repr_html_(self) -> str:
        return self._table()._repr_html_()


def ends(event: Event) -> bool:
    """True if this entry is the last of its exchange: a WSGI call goes on after the app has returned."""
    return event.kind != "wsgi" or event.name == "end"


def read(path: Path, server: str, until: str | None = None, timeout: float = 5.0) -> Events:
    """The Events that the apps behind a server have recorded.

    Waits until every exchange has ended, or until an event called `until` is there: BenchError after
    `timeout` seconds. Exchanges that are still open by then (a WebSocket, say) are no fault.
    """
    deadline = time.monotonic() + timeout
    while True:
        # Of an entry that is just being written, the end may be missing in the middle of a character.
        text = path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""
        entries = [ast.literal_eval(line) for line in text.splitlines(keepends=True) if line.endswith("\n")]
        events = Events(entries, server)
        if (until in events.names) if until else (len(events) and not events.open):
            return events
        if time.monotonic() > deadline:
            break
        time.sleep(0.01)
    if until or not events:
        raise BenchError(
            f"No {until or 'event'} was recorded by {server}. Is the app wrapped: app = record(app)? Was it called?",
            f"{server} 서버에 {until or '이벤트'} 기록이 없습니다. app = record(app)으로 감쌌는지, "
            "요청이 앱까지 갔는지 확인하세요.",
            repr(events) if len(events) else "",
        )
    return events


def _detail(name: str, data) -> str:
    if isinstance(data, bytes):
        return _short(data)
    if not isinstance(data, dict):
        text = "" if data is None else str(data).replace("\n", "\\n")
        return text if len(text) <= 80 else f"{text[:80]}…"
    if "REQUEST_METHOD" in data:
        query = f"?{data['QUERY_STRING']}" if data.get("QUERY_STRING") else ""
        return f"{data['REQUEST_METHOD']} {data.get('SCRIPT_NAME', '')}{data.get('PATH_INFO', '')}{query}"
    if name == "scope":
        query = f"?{_text(data['query_string'])}" if data.get("query_string") else ""
        return f"{data['type']} {data.get('method', '')} {data.get('path', '')}{query}".replace("  ", " ").rstrip()
    if "status" in data:
        return f"{data['status']}  {_headers(data.get('headers', ()))}".rstrip()
    shown = (f"{k}={_short(v)}" for k, v in data.items() if k != "type" and v not in (None, []))
    return "  ".join(shown)


def _headers(headers) -> str:
    """The headers as one would read them; those that break the contract as Python writes them."""
    if isinstance(headers, list | tuple) and all(isinstance(h, list | tuple) and len(h) == 2 for h in headers):
        return ", ".join(f"{_text(name)}: {_text(value)}" for name, value in headers)
    return repr(headers)


def _text(value) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


def _short(value) -> str:
    if isinstance(value, str):
        return repr(value if len(value) <= 50 else f"{value[:50]}…")
    if not isinstance(value, bytes):
        return repr(value)
    more = f"… ({len(value):,} bytes)" if len(value) > 50 else ""
    return f"b'{visible(value[:50])}'{more}"
