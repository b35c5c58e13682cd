"""record(app): middleware that writes down every WSGI call, or every ASGI event, as it happens.

It is imported inside the servers, so it needs the standard library and `support.errors` alone. How it plays together:

    record(app)     gives a stand-in: called, it does as the app and writes that down; asked what it is, it is the app
    _Exchange       is one call of the app: it writes entries, each one line, into the file that $BENCH_EVENTS names
    entries.entry   makes such a line
    events.parse    reads the lines back: for `Server.events()`, or without a server for `app.events()`

A line is written at once and whole, so an app that dies loses nothing.
"""

import itertools
import os
import time

from ..errors import raised
from .entries import FULL, entry

_numbers = itertools.count(1)


def record(app):
    """The app, wrapped: behaves as before, and every call and event is written down.

    `app` is a WSGI application (PEP 3333) or an ASGI one (the ASGI specification 3.0, or a double callable of 2.0);
    which of them, each call tells by its arguments. All attributes are the app's own, to read and to set, so
    `app = record(FastAPI())` may be followed by `@app.get("/")`. Raises TypeError for what is not callable.
    """
    if not callable(app):
        raise TypeError(
            f"record() needs an application, which is callable; this is of type {type(app).__name__}. "
            f"record()에는 호출 가능한 애플리케이션을 넘겨야 하는데 {type(app).__name__} 객체를 받았습니다."
        )
    memory = bytearray()

    def call(*args, **named):
        return _recorded(app, memory, args, named)

    def events():
        from .events import Events, parse

        return Events(parse(bytes(memory)))

    return _stand_in(app, call, {} if hasattr(app, "events") else {"events": events})


def _stand_in(original, call, more):
    """What is called as `call`, has the attributes `more`, and is the original in all else.

    Servers ask what an app is, each in its own way: uvicorn for inspect.isclass, isfunction and a coroutine function
    as `app.__call__`, hypercorn and daphne (asgiref) likewise. They shall hear what the bare app would have told them,
    so even `__class__` is the original's (as in the proxies of wrapt), and `__call__` has a stand-in of its own.
    """

    class StandIn:
        def __call__(self, /, *args, **named):
            return call(*args, **named)

        def __getattribute__(self, name):
            if name == "__call__":
                return _stand_in(original.__call__, call, {})
            return more[name] if name in more else getattr(original, name)

        def __setattr__(self, name, value):
            setattr(original, name, value)

        def __delattr__(self, name):
            delattr(original, name)

        def __dir__(self):
            return [*dir(original), *more]

        def __repr__(self):
            return f"record({original!r})"

    return StandIn()


def _recorded(app, memory, args, named):
    """Calls the app, and writes it down if the arguments are those of WSGI or ASGI, by place or by name."""
    count = len(args) + len(named)
    names, follow = _CALLS.get(count, ((), None))
    given = dict(zip(names, args, strict=False)) | named
    if follow is None or given.keys() != set(names) or not isinstance(given[names[0]], dict):
        return app(*args, **named)

    def called(given):
        return app(*(given[name] for name in names[: len(args)]), **{name: given[name] for name in named})

    return follow(called, memory, given)


class _Exchange:
    """One call of the app: everything in it carries the same number."""

    def __init__(self, memory: bytearray, kind: str) -> None:
        self._number, self._kind, self._memory = f"{os.getpid()}-{next(_numbers)}", kind, memory

    def note(self, way: str, name: str, data=None, count: int | None = None) -> None:
        """Writes one entry; `way` is → into the app or ← out of it, `count` its body bytes where data does not tell."""
        line = entry(time.monotonic_ns(), self._number, self._kind, way, name, data, count)
        path = os.environ.get("BENCH_EVENTS")
        if path is None:
            if len(self._memory) < FULL:
                self._memory += line
            return
        # One write in append mode: lines of several processes and threads never mix.
        with open(path, "ab", buffering=0) as file:
            if file.tell() < FULL:
                file.write(line)

    def call(self, function, *args):
        """What the function returns. An exception is written down and goes on."""
        try:
            return function(*args)
        except BaseException as error:
            self.note("←", "raise", raised(error))
            raise


def _asgi(called, memory, given):
    exchange = _Exchange(memory, given["scope"].get("type", "?"))
    exchange.note("→", "scope", given["scope"])
    # Called here and now: a wrong number of arguments is found out by this call, not by the await.
    return _awaited(exchange.call(called, _recorded_queues(given, exchange)), exchange)


def _asgi_2(called, memory, given):
    """A double callable: app(scope) gives what is called with (receive, send)."""
    exchange = _Exchange(memory, given["scope"].get("type", "?"))
    exchange.note("→", "scope", given["scope"])
    instance = exchange.call(called, given)

    def recorded(receive, send):
        queues = _recorded_queues({"receive": receive, "send": send}, exchange)
        return _awaited(exchange.call(instance, queues["receive"], queues["send"]), exchange)

    return recorded


async def _awaited(running, exchange: _Exchange):
    try:
        result = await running
    except BaseException as error:
        exchange.note("←", "raise", raised(error))
        raise
    exchange.note("←", "return")
    return result


def _recorded_queues(given, exchange: _Exchange) -> dict:
    """The arguments, with a receive() and a send() that write down what passes."""
    receive, send = given["receive"], given["send"]

    async def recorded_receive():
        exchange.note("→", "receive()")  # no event: it tells that the app waits
        event = await receive()
        exchange.note("→", event["type"], event)
        return event

    async def recorded_send(*args, **named):
        event = next(iter((*args, *named.values())), None)
        exchange.note("←", event.get("type", "?") if isinstance(event, dict) else "?", event)
        try:
            return await send(*args, **named)
        except BaseException as error:
            exchange.note("→", "send raised", raised(error))
            raise

    return given | {"receive": recorded_receive, "send": recorded_send}


def _wsgi(called, memory, given):
    exchange, start_response = _Exchange(memory, "wsgi"), given["start_response"]
    exchange.note("→", "app(environ, start_response)", given["environ"])
    if "wsgi.input" in given["environ"]:
        given["environ"]["wsgi.input"] = _Input(given["environ"]["wsgi.input"], exchange)

    def recorded_start_response(*args, **named):
        said = dict(zip(("status", "headers", "exc_info"), (*args, None, None, None), strict=False)) | named
        exchange.note("←", "start_response", said | {"exc_info": bool(said["exc_info"])})
        write = start_response(*args, **named)

        def recorded_write(data):
            exchange.note("←", "write", data)
            return write(data)

        return recorded_write

    try:
        body = exchange.call(called, given | {"start_response": recorded_start_response})
    except BaseException:
        exchange.note("←", "end")
        raise
    exchange.note("←", "return", body)
    try:
        return (_SizedBody if hasattr(body, "__len__") else _Body)(body, exchange)
    except TypeError:
        exchange.note("←", "end")
        return body  # not iterable: the server shall find out as it would without us


class _Input:
    """wsgi.input, with every read written down."""

    def __init__(self, stream, exchange: _Exchange) -> None:
        self._stream, self._exchange = stream, exchange

    def __getattr__(self, name):
        attribute = getattr(self._stream, name)
        if name not in ("read", "read1", "readinto", "readline", "readlines"):
            return attribute

        def read(*args, **named):
            data = attribute(*args, **named)
            asked = [*map(_short, args), *(f"{key}={value!r}" for key, value in named.items())]
            count = sum(map(len, data)) if isinstance(data, list) else data if isinstance(data, int) else None
            self._exchange.note("→", f"wsgi.input.{name}({', '.join(asked)})", data, count)
            return data

        return read

    def __iter__(self):
        return iter(self.readline, b"")


def _short(value) -> str:
    return repr(value) if isinstance(value, int | None) else f"<{type(value).__name__}>"


class _Body:
    """The app's iterable, with every item, its end and its close() written down."""

    def __init__(self, body, exchange: _Exchange) -> None:
        self._ended = True  # nothing to tell, if iter() fails
        self._body, self._exchange, self._iterator = body, exchange, iter(body)
        self._ended = False

    def __iter__(self):
        return self

    def __next__(self):
        try:
            item = next(self._iterator)
        except StopIteration:
            self._exchange.note("←", "StopIteration")
            raise
        except BaseException as error:
            self._exchange.note("←", "raise", raised(error))
            raise
        self._exchange.note("←", "yield", item)
        return item

    def close(self):
        try:
            if hasattr(self._body, "close"):
                self._exchange.note("→", "close()")
                self._exchange.call(self._body.close)
        finally:
            self._end()

    def __del__(self):
        # A server that never calls close(), as uvicorn's WSGI side (0.54), has dropped it now: nothing follows.
        try:
            self._end()
        except Exception:
            return  # the interpreter is about to end, or the bench has been cleared

    def _end(self):
        if not self._ended:
            self._ended = True
            self._exchange.note("←", "end")


class _SizedBody(_Body):
    """The same for an iterable with a length: servers may send Content-Length for one of one item."""

    def __len__(self):
        return len(self._body)


_CALLS = {
    1: (("scope",), _asgi_2),
    2: (("environ", "start_response"), _wsgi),
    3: (("scope", "receive", "send"), _asgi),
}
