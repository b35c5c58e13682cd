"""The recorded conversation between a server and its app: every WSGI call, every ASGI event, in order.

`record` writes a line for each; here a line becomes an Event, and Events are what one looks at. Their file, and when
it is complete, are `recording`'s business.
"""

import binascii
import marshal
from collections.abc import Iterable, Iterator

from ..show import Table, visible
from .entries import FULL, MOST, size

HIDDEN = ("end", "receive()")  # entries that tell how far an exchange is, and are no events
MOST_ROWS = 200  # of a table: of more, the first and the last
BODIES = ("yield", "write", "http.response.body", "websocket.http.response.body")
LAST = ("StopIteration", "raise", "websocket.close", "websocket.disconnect")


class Cut(bytes):
    """The beginning of a piece that was too long to be kept: its content is cut, its len() is the piece's."""

    def __new__(cls, length: int, beginning: bytes) -> "Cut":
        self = super().__new__(cls, beginning)
        self.length = length
        return self

    def __len__(self) -> int:
        return self.length

    def __repr__(self) -> str:
        return f"{bytes(self)!r}… ({self.length:,} bytes)"


class CutText(str):
    """The same for a text."""

    __slots__ = ("length",)

    def __new__(cls, length: int, beginning: str) -> "CutText":
        self = super().__new__(cls, beginning)
        self.length = length
        return self

    def __len__(self) -> int:
        return self.length

    def __repr__(self) -> str:
        return f"{str.__str__(self)!r}… ({self.length:,} characters)"


class Event:
    """One call or event: `way` is → into the app or ← out of it; `data` is what came with it.

    `exchange` names the call of the app it belongs to, `kind` is wsgi or the ASGI scope's type, `when` is in
    nanoseconds on the monotonic clock. `size` is how many bytes of a body, or of a WebSocket message, came with it:
    all of them, also where `data` holds only the beginning (see Cut).
    """

    __slots__ = ("_data", "exchange", "kind", "name", "size", "way", "when")

    def __init__(
        self, when: int, exchange: str, kind: str, way: str, name: str, data, count: int | None = None
    ) -> None:
        self.when, self.exchange, self.kind, self.way, self.name = when, exchange, kind, way, name
        self._data, self.size = data, size(data) if count is None else count

    def __repr__(self) -> str:
        return f"Event({self.way} {self.name} {self.detail})"

    @property
    def data(self):
        """What came with it. Of many events few are looked at, so it is decoded when it is asked for."""
        return self._data.unpacked() if isinstance(self._data, _Packed) else self._data

    @property
    def detail(self) -> str:
        """One line about the data: what one looks at first."""
        return _detail(self.name, self.data)

    @property
    def process(self) -> int:
        """The id of the process that made the call."""
        return int(self.exchange.partition("-")[0])


class _Packed(bytes):
    """An event's data as `record` has written it."""

    __slots__ = ()  # or each would be one more object for the garbage collector to visit

    def unpacked(self):
        packed = binascii.a2b_base64(self)
        value = marshal.loads(packed)
        return _restored(value) if len(packed) > MOST else value  # shorter ones have no cut in them


def _restored(value):
    if isinstance(value, dict):
        if ... in value:
            length, beginning = value[...]
            return (Cut if isinstance(beginning, bytes) else CutText)(length, beginning)
        return {key: _restored(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(map(_restored, value))
    return value


def parse(lines: bytes) -> list[Event]:
    """The entries, in the order in which they were written; a last line that is not complete is left out."""
    events, words = [], {}
    for line in lines[: lines.rfind(b"\n") + 1].splitlines():
        when, *fields, count, data = line.split(b"\t")
        for field in fields:
            if field not in words:
                words[field] = field.decode("unicode_escape")
        events.append(Event(int(when), *(words[field] for field in fields), _Packed(data), int(count)))
    return events


class Exchanges:
    """The calls of apps that have not ended, each with its entries; a lifespan lasts as long as its server."""

    def __init__(self, entries: Iterable[Event] = ()) -> None:
        self.open: dict[str, list[Event]] = {}
        self._ended: set[str] = set()
        for event in entries:
            self.add(event)

    def add(self, event: Event) -> None:
        if ends(event):
            self._ended.add(event.exchange)
            self.open.pop(event.exchange, None)
        elif event.kind != "lifespan" and event.exchange not in self._ended:
            self.open.setdefault(event.exchange, []).append(event)


def ends(event: Event) -> bool:
    """True if this entry is the last of its exchange: a WSGI call goes on after the app has returned."""
    return event.name == "end" if event.kind == "wsgi" else event.name in ("return", "raise")


def waits(entries: list[Event]) -> bool:
    """True if the app of an open exchange waits in receive()."""
    return entries[-1].name == "receive()"


def answered(entries: list[Event]) -> bool:
    """True if the response of an open exchange is complete: its app is about to end."""
    if any(event.name in LAST for event in entries):
        return True
    bodies = [event for event in entries if event.name in BODIES]
    if bodies and isinstance(bodies[-1].data, dict) and not bodies[-1].data.get("more_body"):
        return True
    promised = _content_length(entries)
    return promised is not None and sum(event.size for event in bodies) >= promised


def _content_length(entries: list[Event]) -> int | None:
    """What the response's Content-Length says, if it has one."""
    for event in reversed(entries):
        if event.name in ("start_response", "http.response.start") and isinstance(event.data, dict):
            headers = event.data.get("headers") or ()
            pairs = [h for h in headers if isinstance(h, list | tuple) and len(h) == 2]
            lengths = [_text(value) for name, value in pairs if _text(name).lower() == "content-length"]
            return int(lengths[0]) if lengths and lengths[0].isdecimal() else None
    return None


def _state(entries: list[Event]) -> str:
    """What an open exchange waits for, as its last row says it."""
    names = {event.name for event in entries}
    if waits(entries):
        return "waits in receive()"
    if "StopIteration" in names:
        return "no close() yet"
    return "no StopIteration yet" if entries[0].kind == "wsgi" and "return" in names else "has not returned"


class Events:
    """Events in the order in which they happened, as a sequence and as a table.

    The table's last rows tell of exchanges that go on. `gone` are processes that have ended, `full` is true if the
    recording was full.
    """

    def __init__(self, entries, server: str = "server", gone: Iterable[int] = (), full: bool = False) -> None:
        self.server, self.full = server, full
        everything = [entry if isinstance(entry, Event) else Event(*entry) for entry in entries]
        everything.sort(key=lambda event: event.when)
        self._events = [event for event in everything if event.name not in HIDDEN]
        self._open = Exchanges(everything).open
        self._gone = frozenset(gone)

    def __iter__(self) -> Iterator[Event]:
        return iter(self._events)

    def __len__(self) -> int:
        return len(self._events)

    def __getitem__(self, index):
        return self._chosen(self._events[index]) if isinstance(index, slice) else self._events[index]

    def _chosen(self, events: list[Event]) -> "Events":
        """Some of these events, as Events."""
        chosen = Events((), self.server, self._gone, self.full)
        chosen._events, chosen._open = events, self._open
        return chosen

    @property
    def names(self) -> list[str]:
        """The names of the events, in order."""
        return [event.name for event in self._events]

    @property
    def open(self) -> set[str]:
        """The exchanges that are still going on; a lifespan lasts as long as its server and is not counted."""
        return {event.exchange for event in self._events} & self._open.keys()

    def only(self, kind: str) -> "Events":
        """The events of one kind: wsgi, http, websocket or lifespan."""
        return self._chosen([event for event in self._events if event.kind == kind])

    @property
    def last(self) -> "Events":
        """The events of the exchange that began last."""
        newest = next(reversed(_numbered(event.exchange for event in self._events)), None)
        return self._chosen([event for event in self._events if event.exchange == newest])

    def _table(self) -> Table:
        calls = _numbered(event.exchange for event in self._events)
        processes = _numbered(exchange.partition("-")[0] for exchange in calls)
        rows = [(event.exchange, event.way, event.name, event.detail) for event in self._shown(self._events)]
        if len(self._events) > MOST_ROWS:
            left_out = f"{len(self._events) - MOST_ROWS:,} more events"
            rows.insert(MOST_ROWS // 2, ("", "…", left_out, ""))
        rows += [(exchange, "…", state, "") for exchange, state in self._shown(self._going_on())]
        if self.full:
            rows.append(("", "…", f"the recording is full ({FULL >> 20} MiB) · 기록이 가득 찼습니다", ""))
        heads = ["worker"] * (len(processes) > 1) + ["call"] * (len(calls) > 1)
        numbers = [
            [processes.get(row[0].partition("-")[0], "")] * (len(processes) > 1)
            + [calls.get(row[0], "")] * (len(calls) > 1)
            for row in rows
        ]
        classes = [{"→": "out", "←": "in"}.get(row[1], "note") for row in rows]
        columns = [*(heads if len(heads) > 1 else [""] * len(heads)), "", "", ""]
        return Table(columns, [(*number, *row[1:]) for number, row in zip(numbers, rows, strict=True)], classes)

    @staticmethod
    def _shown(rows: list) -> list:
        half = MOST_ROWS // 2
        return rows if len(rows) <= MOST_ROWS else [*rows[:half], *rows[-half:]]

    def _going_on(self) -> list[tuple[str, str]]:
        """The exchanges that go on and whose last event is here, and what each waits for."""
        newest = {event.exchange: event for event in self._events}
        going_on = []
        for exchange, entries in self._open.items():
            told = [event for event in entries if event.name not in HIDDEN][-1:]
            if told and newest.get(exchange) is told[0]:
                gone = told[0].process in self._gone
                going_on.append((exchange, "its process has ended" if gone else _state(entries)))
        return going_on

    def __repr__(self) -> str:
        return repr(self._table()) if self._events else "nothing was recorded"

    def _repr_html_(self) -> str:
        return self._table()._repr_html_()


def _numbered(names: Iterable[str]) -> dict[str, int]:
    """The names in the order in which each occurs first, numbered from 1."""
    return {name: number for number, name in enumerate(dict.fromkeys(names), 1)}


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
        return f"{data.get('type', '')} {data.get('method', '')} {data.get('path', '')}{query}".replace(
            "  ", " "
        ).strip()
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
        return repr(str(value) if len(value) <= 50 else f"{value[:50]}…")
    if not isinstance(value, bytes):
        return repr(value)
    more = f"… ({len(value):,} bytes)" if len(value) > 50 else ""
    return f"b'{visible(value[:50])}'{more}"
