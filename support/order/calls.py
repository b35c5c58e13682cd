"""What apps recorded: calls, each with its events, and how many bytes of a body each event took or gave."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from urllib.parse import unquote_to_bytes

from ..app.events import Event, Events
from .moments import Moments

GAVE = {"wsgi": ("yield", "write"), "http": ("http.response.body",)}
STARTS = ("start_response", "http.response.start", "websocket.http.response.start")
OTHERS_BYTES = ("http.response.pathsend", "http.response.zerocopysend")  # a server's extensions: nobody knows how many
# Whose source sends the head in the write of the first item (gunicorn/http/wsgi.py, wsgiref/handlers.py). An adapter
# on an ASGI server sends it as it comes, and somebody's own server may do as it likes.
KEEP_THE_HEAD = ("gunicorn/", "WSGIServer/")

Line = tuple[str, bytes, bytes]  # the method, the path without %-escapes, the query string


@dataclass(eq=False, repr=False)
class Call:
    """One call of an app: its events, and the moment of each."""

    server: str
    name: str
    events: list[Event]
    moments: list[int] = field(default_factory=list)

    @property
    def kind(self) -> str:
        return self.events[0].kind

    @property
    def process(self) -> str:
        """The process that made the call: `name` is its pid and a number."""
        return self.name.rpartition("-")[0]

    @property
    def _asked(self) -> dict:
        """The environ or the scope, if the recording has it."""
        data = self.events[0].data
        return data if isinstance(data, dict) else {}

    @property
    def line(self) -> Line | None:
        """The request line as the app was told of it."""
        asked = self._asked
        if "PATH_INFO" in asked:
            method, query = asked.get("REQUEST_METHOD", "GET"), asked.get("QUERY_STRING", "")
            path = f"{asked.get('SCRIPT_NAME', '')}{asked['PATH_INFO']}"
            return method, path.encode("latin-1", "replace"), str(query).encode("latin-1", "replace")
        if "path" in asked:
            query = asked.get("query_string", b"")
            return asked.get("method", "GET"), str(asked["path"]).encode(), query if isinstance(query, bytes) else b""
        return None

    def fits(self, line: Line) -> bool:
        """Whether it may be the call for a request with that line; some servers put their root_path before the path."""
        if self.line is None:
            return True
        method, path, query = self.line
        root = str(self._asked.get("root_path", "")).encode()
        return line in (self.line, (method, path.removeprefix(root), query))

    @property
    def port(self) -> int | None:
        """The client's port as the app was told; None where that is not what the server saw (a proxy's header)."""
        asked = self._asked
        host, port = asked.get("REMOTE_ADDR", ""), asked.get("REMOTE_PORT", "")
        if asked.get("client"):
            host, port = (*asked["client"], "", "")[:2]
        local = str(host).startswith("127.") or host == "::1"
        return int(port) if local and str(port).isdecimal() and int(port) else None

    @property
    def sends_head_with_item(self) -> bool:
        """Whether the server that called is known to keep the head until it has an item, as PEP 3333 demands."""
        return self.kind == "wsgi" and str(self._asked.get("SERVER_SOFTWARE")).startswith(KEEP_THE_HEAD)

    def first(self, *names: str) -> int | None:
        """The number of the first event with one of these names."""
        return next((number for number, event in enumerate(self.events) if event.name in names), None)

    def start(self, status: str) -> int | None:
        """The number of the first event that gave an answer's head with this status."""
        for number, event in enumerate(self.events):
            if event.name in STARTS and isinstance(event.data, dict) and str(event.data.get("status"))[:3] == status:
                return number
        return None

    def taken(self) -> list[tuple[int, int]]:
        """How many bytes of the request's body the app had after which event."""
        total, taken = 0, []
        for number, event in enumerate(self.events):
            if event.name == "http.request" or event.name.startswith("wsgi.input."):
                total += event.size
                taken.append((number, total))
        return taken

    def given(self) -> list[tuple[int, int, int]]:
        """The events that gave bytes of the answer's body, with the first byte and the one behind the last.

        They end where it is not known whether the server took an event, or how many bytes it stands for.
        """
        total, given = 0, []
        following = [*(event.name for event in self.events[1:]), ""]
        for number, (event, behind) in enumerate(zip(self.events, following, strict=True)):
            if event.name in OTHERS_BYTES or behind == "send raised":
                break
            if event.name in GAVE.get(self.kind, ()) and event.size:
                given.append((number, total, total + event.size))
                total += event.size
        return given

    def gave_all(self) -> int | None:
        """The number of the event after which a server knows that the body ends."""
        for number, event in enumerate(self.events):
            if event.name == "http.response.body" and isinstance(event.data, dict) and not event.data.get("more_body"):
                return number
        return self.first("StopIteration")


def calls(sources: Iterable[Events]) -> list[Call]:
    """The calls in some recordings; what stands in several of them comes once."""
    found: dict[tuple[str, str], list[Event]] = {}
    for source in sources:
        events: dict[tuple[str, str], list[Event]] = {}
        for event in source:
            events.setdefault((source.server, event.exchange), []).append(event)
        for key, several in events.items():
            found[key] = max(found.get(key, []), several, key=len)
    return [Call(server, name, events) for (server, name), events in found.items()]


def stretch(several: Iterable[Call], moments: Moments) -> None:
    """Gives every event its moment."""
    for call in several:
        call.moments = [moments.new() for _ in call.events]


def asked(method: bytes, target: bytes) -> Line:
    """A request line as an app is told of it: the path without %-escapes, the query apart."""
    if not target.startswith(b"/") and b"://" in target:  # the absolute form, RFC 9112 section 3.2.2
        target = b"/" + target.split(b"://", 1)[1].partition(b"/")[2]
    path, _, query = target.partition(b"?")
    return method.decode("latin-1"), unquote_to_bytes(path), query
