"""record(app): middleware that writes down every WSGI call, or every ASGI event, as it happens.

It is imported inside the servers, so it needs the standard library alone. Each entry is one line of Python
literals, appended to the file that $BENCH_EVENTS names: an app that dies loses nothing. Without a server
`app.events()` shows them.
"""

import inspect
import itertools
import math
import os
import time

_numbers = itertools.count(1)


def record(app):
    """The app, wrapped: behaves as before, and every call and event is written down.

    `app` is a WSGI application (PEP 3333) or an ASGI one (`async def app(scope, receive, send)`, the ASGI
    specification 3.0), and is called with its arguments by place. Raises TypeError for what is not callable.
    """
    if not callable(app):
        raise TypeError(
            f"record() needs an application, which is callable; this is {type(app).__name__}. "
            f"record()에는 호출 가능한 애플리케이션을 넘겨야 하는데 {type(app).__name__} 객체를 받았습니다."
        )
    asynchronous = inspect.iscoroutinefunction(app) or inspect.iscoroutinefunction(type(app).__call__)
    return _asgi(app) if asynchronous else _wsgi(app)


class _Exchange:
    """One call of the app: everything in it carries the same number."""

    def __init__(self, entries: list, kind: str) -> None:
        self.number, self.kind, self._entries = f"{os.getpid()}-{next(_numbers)}", kind, entries

    def note(self, way: str, name: str, data=None) -> None:
        """Writes one entry; `way` is → into the app or ← out of it."""
        entry = (time.monotonic_ns(), self.number, self.kind, way, literal(name), literal(data))
        path = os.environ.get("BENCH_EVENTS")
        if path is None:
            self._entries.append(entry)
            return
        # One write in append mode: lines of several processes and threads never mix.
        with open(path, "ab", buffering=0) as file:
            file.write(repr(entry).encode("utf-8", "backslashreplace") + b"\n")


def literal(value):
    """The value, if Python can read back its repr; containers element by element; else its type's name."""
    if isinstance(value, dict):
        return {literal(key): literal(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        items = [literal(item) for item in value]
        return tuple(items) if isinstance(value, tuple) else items
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value)
    if value is None or isinstance(value, bool):
        return value
    # Made plain: a subclass may have a repr of its own, as http.HTTPStatus.OK has.
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float) and math.isfinite(value):
        return float(value)
    return f"<{type(value).__name__}>"


def _with_entries(recorded):
    """The wrapped app with `entries`, and `events()`, which shows them as `Server.events` does."""

    def events():
        from .events import Events

        return Events(recorded.entries)

    recorded.entries, recorded.events = [], events
    return recorded


def _asgi(app):
    async def recorded(scope, receive, send):
        exchange = _Exchange(recorded.entries, scope["type"])
        exchange.note("→", "scope", scope)

        async def recorded_receive():
            event = await receive()
            exchange.note("→", event["type"], event)
            return event

        async def recorded_send(event):
            exchange.note("←", event.get("type", "?") if isinstance(event, dict) else "?", event)
            try:
                await send(event)
            except BaseException as error:
                exchange.note("→", "send raised", f"{type(error).__name__}: {error}")
                raise

        try:
            await app(scope, recorded_receive, recorded_send)
        except BaseException as error:
            exchange.note("←", "raise", f"{type(error).__name__}: {error}".rstrip(": "))
            raise
        exchange.note("←", "return")

    return _with_entries(recorded)


def _wsgi(app):
    def recorded(environ, start_response):
        exchange = _Exchange(recorded.entries, "wsgi")
        exchange.note("→", "app(environ, start_response)", environ)
        if "wsgi.input" in environ:
            environ["wsgi.input"] = _Input(environ["wsgi.input"], exchange)

        def recorded_start_response(status, headers, exc_info=None):
            said = {"status": status, "headers": headers, "exc_info": bool(exc_info)}
            exchange.note("←", "start_response", said)
            write = start_response(status, headers, *([exc_info] if exc_info else []))

            def recorded_write(data):
                exchange.note("←", "write", data)
                return write(data)

            return recorded_write

        try:
            body = app(environ, recorded_start_response)
        except BaseException as error:
            exchange.note("←", "raise", f"{type(error).__name__}: {error}".rstrip(": "))
            exchange.note("←", "end")
            raise
        exchange.note("←", "return", body)
        try:
            return (_SizedBody if hasattr(body, "__len__") else _Body)(body, exchange)
        except TypeError:
            exchange.note("←", "end")
            return body  # not iterable: the server shall find out as it would without us

    return _with_entries(recorded)


class _Input:
    """wsgi.input, with every read written down."""

    def __init__(self, stream, exchange: _Exchange) -> None:
        self._stream, self._exchange = stream, exchange

    def __getattr__(self, name):
        attribute = getattr(self._stream, name)
        if name not in ("read", "readline", "readlines"):
            return attribute

        def read(*args):
            data = attribute(*args)
            self._exchange.note("→", f"wsgi.input.{name}({', '.join(map(repr, args))})", data)
            return data

        return read

    def __iter__(self):
        return iter(self.readline, b"")


class _Body:
    """The app's iterable, with every item, its end and its close() written down."""

    def __init__(self, body, exchange: _Exchange) -> None:
        self._body, self._exchange, self._iterator = body, exchange, iter(body)

    def __iter__(self):
        return self

    def __next__(self):
        try:
            item = next(self._iterator)
        except StopIteration:
            self._exchange.note("←", "StopIteration")
            raise
        except BaseException as error:
            self._exchange.note("←", "raise", f"{type(error).__name__}: {error}".rstrip(": "))
            raise
        self._exchange.note("←", "yield", item)
        return item

    def close(self):
        if hasattr(self._body, "close"):
            self._exchange.note("→", "close()")
            self._body.close()
        self._exchange.note("←", "end")


class _SizedBody(_Body):
    """The same for an iterable with a length: servers may send Content-Length for one of one item."""

    def __len__(self):
        return len(self._body)
