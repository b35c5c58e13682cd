"""record(app) changes nothing that a server or a client could notice, and writes everything down."""

import ast
import asyncio
import contextlib
import enum
import http
import io
import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from wsgiref.handlers import SimpleHandler

import httpx
import pytest
import samples

from support import record
from support.app.events import Events, read
from support.app.record import literal

HEADERS = [("Content-Type", "text/plain")]
RECORDED = """
from support import record

@record
def app(environ, start_response):
    size = int(environ["PATH_INFO"].lstrip("/"))
    start_response("200 OK", [])
    for number in range(size):
        yield b"%d" % number * size
"""


def wsgiref(app, body: bytes = b"") -> bytes:
    """What the handler of wsgiref sends for one request to the app; errors are its own page."""
    out = io.BytesIO()
    environ = {"REQUEST_METHOD": "POST", "PATH_INFO": "/", "SERVER_PROTOCOL": "HTTP/1.0", "SERVER_NAME": "x"}
    handler = SimpleHandler(io.BytesIO(body), out, io.StringIO(), {**environ, "SERVER_PORT": "80"})
    handler.run(app)
    return out.getvalue()


def names(app) -> list[str]:
    """The names of what was recorded."""
    return app.events().names


class Closing:
    """An iterable that notes how often it is closed."""

    def __init__(self, *items):
        self.items, self.closed = items, 0

    def __iter__(self):
        return iter(self.items)

    def close(self):
        self.closed += 1


def a_list(environ, start_response):
    start_response("200 OK", list(HEADERS))
    return [b"one item"]


def two_items(environ, start_response):
    start_response("200 OK", list(HEADERS))
    return (b"two ", b"items")


def generator(environ, start_response):
    start_response("200 OK", list(HEADERS))
    yield b"one"
    yield b"two"


def written(environ, start_response):
    write = start_response("200 OK", list(HEADERS))
    write(b"written ")
    return [b"returned"]


def mended(environ, start_response):
    start_response("200 OK", list(HEADERS))
    try:
        raise ValueError
    except ValueError:
        start_response("500 Oh", [("X-Mended", "yes")], sys.exc_info())
    return [b"mended"]


def reads(environ, start_response):
    start_response("200 OK", [])
    body = environ["wsgi.input"]
    return [body.read(2), body.readline(), b"".join(body), body.read()]


def raises(environ, start_response):
    raise ValueError("no")


def raises_late(environ, start_response):
    start_response("200 OK", [])
    yield b""
    raise ValueError("no")


def nothing(environ, start_response):
    start_response("200 OK", [])


class AClass:
    """PEP 3333's own example of an application that is a class."""

    def __init__(self, environ, start_response):
        start_response("200 OK", list(HEADERS))

    def __iter__(self):
        yield b"from a class"


APPS = [a_list, two_items, generator, written, mended, reads, raises, raises_late, nothing, AClass]


@pytest.mark.parametrize("app", APPS)
def test_a_server_cannot_tell_a_recorded_app(app):
    assert wsgiref(record(app), b"abcd\nef\ngh") == wsgiref(app, b"abcd\nef\ngh")


def test_one_item_still_gets_its_content_length():
    assert b"Content-Length: 8\r\n" in wsgiref(record(a_list))
    assert b"Content-Length" not in wsgiref(record(generator))


def test_close_is_called_once_and_written_down():
    body = Closing(b"x")
    app = record(lambda environ, start_response: (start_response("200 OK", []), body)[1])
    assert wsgiref(app).endswith(b"x")
    assert body.closed == 1
    assert names(app) == [
        "app(environ, start_response)",
        "start_response",
        "return",
        "yield",
        "StopIteration",
        "close()",
    ]


def test_close_is_not_written_down_where_the_app_has_none():
    app = record(a_list)
    wsgiref(app)
    assert names(app)[-2:] == ["yield", "StopIteration"]
    assert app.events().open == set()


def test_a_body_is_made_when_it_is_asked_for():
    made = []

    def lazy(environ, start_response):
        made.append("first")
        start_response("200 OK", [])
        yield b"x"
        made.append("second")
        yield b"y"

    body = iter(record(lazy)({}, lambda *_: None))
    assert made == []
    assert (next(body), made) == (b"x", ["first"])
    assert (next(body), made) == (b"y", ["first", "second"])


def test_reads_are_written_down():
    app = record(reads)
    wsgiref(app, b"abcd\nef\ngh")
    assert [(e.name, e.data) for e in app.events() if "input" in e.name] == [
        ("wsgi.input.read(2)", b"ab"),
        ("wsgi.input.readline()", b"cd\n"),
        ("wsgi.input.readline()", b"ef\n"),
        ("wsgi.input.readline()", b"gh"),
        ("wsgi.input.readline()", b""),
        ("wsgi.input.read()", b""),
    ]


def test_write_and_exc_info_are_written_down():
    app = record(written)
    wsgiref(app)
    assert ("write", b"written ") in [(event.name, event.data) for event in app.events()]
    app = record(mended)
    wsgiref(app)
    assert [event.data["exc_info"] for event in app.events() if event.name == "start_response"] == [False, True]


@pytest.mark.parametrize("app", [raises, raises_late])
def test_an_exception_goes_on_and_is_written_down(app):
    recorded = record(app)
    with pytest.raises(ValueError, match="no"):
        list(recorded({}, lambda *_: None))
    assert [event.data for event in recorded.events() if event.name == "raise"] == ["ValueError: no"]


@pytest.mark.parametrize("thing", [5, "app", None, {}])
def test_what_is_not_an_app_is_refused_in_both_languages(thing):
    with pytest.raises(TypeError, match="callable") as caught:
        record(thing)
    assert samples.HANGUL.search(str(caught.value))


def call(app, scope: dict, *received: dict) -> list[dict]:
    """What an ASGI app sends when it is called with the scope and receives these events."""
    sent, waiting = [], list(received)

    async def receive():
        return waiting.pop(0)

    async def send(event):
        if event.get("refused"):
            raise OSError("gone")
        sent.append(event)

    asyncio.run(app(scope, receive, send))
    return sent


async def http_app(scope, receive, send):
    event = await receive()
    await send({"type": "http.response.start", "status": http.HTTPStatus.OK, "headers": []})
    await send({"type": "http.response.body", "body": event["body"]})


class AnObject:
    async def __call__(self, scope, receive, send):
        await http_app(scope, receive, send)


@pytest.mark.parametrize("app", [http_app, AnObject(), AnObject().__call__])
def test_an_asgi_app_sends_and_receives_the_same(app):
    scope, event = {"type": "http", "method": "GET", "path": "/"}, {"type": "http.request", "body": b"hi"}
    recorded = record(app)
    assert call(recorded, scope, event) == call(app, scope, event)
    assert [(e.way, e.name) for e in recorded.events()] == [
        ("→", "scope"),
        ("→", "http.request"),
        ("←", "http.response.start"),
        ("←", "http.response.body"),
        ("←", "return"),
    ]


def test_the_scope_and_its_state_are_the_servers_own():
    seen = []

    async def app(scope, receive, send):
        seen.append(scope)

    scope = {"type": "lifespan", "state": {}}
    call(record(app), scope)
    assert seen[0] is scope


def test_exceptions_of_the_app_and_of_send_go_on():
    async def app(scope, receive, send):
        await send({"type": "http.response.start", "refused": True})

    recorded = record(app)
    with pytest.raises(OSError, match="gone"):
        call(recorded, {"type": "http"})
    assert [(e.name, e.data) for e in recorded.events()][2:] == [
        ("send raised", "OSError: gone"),
        ("raise", "OSError: gone"),
    ]


class Kind(str, enum.Enum):  # noqa: UP042  (as apps that must run on older Pythons have it)
    START = "http.response.start"


@pytest.mark.parametrize(
    ("event", "name"), [({"type": Kind.START}, "http.response.start"), ("hello", "?"), (None, "?"), ({}, "?")]
)
def test_whatever_is_sent_can_be_read_back(event, name, tmp_path, monkeypatch):
    async def app(scope, receive, send):
        await send(event)

    path = tmp_path / "events"
    monkeypatch.setenv("BENCH_EVENTS", str(path))
    with contextlib.suppress(AttributeError):  # what a server says to it is the server's business
        call(record(app), {"type": "http"})
    assert read(path, "uvicorn").names[1] == name


def test_a_cancelled_app_ends_its_exchange():
    async def app(scope, receive, send):
        await asyncio.sleep(60)

    async def cancel():
        task = asyncio.create_task(recorded({"type": "http"}, None, None))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    recorded = record(app)
    asyncio.run(cancel())
    assert names(recorded) == ["scope", "raise"]
    assert recorded.events().open == set()


class Colour(str, enum.Enum):  # noqa: UP042  (its str() is not its value)
    RED = "red"


PLAIN = [
    (http.HTTPStatus.OK, 200),
    (Colour.RED, "red"),
    (bytearray(b"x"), b"x"),
    (memoryview(b"x"), b"x"),
    ([1, (True, None), {"a": 1.5}], [1, (True, None), {"a": 1.5}]),
    (float("inf"), "<float>"),
    ({1, 2}, "<set>"),
    ("안녕\ud800\n", "안녕\ud800\n"),
]


@pytest.mark.parametrize(("value", "plain"), PLAIN)
def test_only_what_python_can_read_back_is_written(value, plain):
    assert literal(value) == plain
    assert ast.literal_eval(repr(literal(value))) == plain


def test_each_kind_behind_a_server(shared):
    source = samples.HELLO.replace("async def asgi", "@record\nasync def asgi")
    (shared.folder / "kinds.py").write_text(f"from support import record\n{source}")
    server = shared.run("uvicorn kinds:asgi")
    httpx.get(server.url)
    server.stop()
    assert server.events().only("lifespan").names == [
        "scope",
        "lifespan.startup",
        "lifespan.startup.complete",
        "lifespan.shutdown",
        "lifespan.shutdown.complete",
        "return",
    ]
    assert server.events().only("http").names == ["scope", "http.response.start", "http.response.body", "return"]


@pytest.mark.parametrize("threads", ["", " -k gthread --threads 4"])
def test_lines_of_several_processes_and_threads_do_not_mix(shared, threads):
    (shared.folder / "recorded.py").write_text(RECORDED)
    server = shared.run(f"gunicorn recorded:app -w 2{threads}")
    sizes = list(range(1, 41))

    def both_workers_have_answered():
        with httpx.Client() as client, ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda size: client.get(f"{server.url}/{size}").text, sizes))
        assert answers == ["".join(str(number) * size for number in range(size)) for size in sizes]
        return len({event.exchange.split("-")[0] for event in server.events()}) == 2

    samples.until(both_workers_have_answered)
    events = server.events()
    assert events.open == set()
    assert len({event.exchange for event in events}) % len(sizes) == 0
    for exchange in {event.exchange for event in events}:
        mine = [event for event in events if event.exchange == exchange]
        size = int(mine[0].data["PATH_INFO"][1:])
        assert [e.data for e in mine if e.name == "yield"] == [b"%d" % number * size for number in range(size)]


def test_an_app_that_dies_loses_nothing(shared):
    (shared.folder / "dies.py").write_text(
        "import os\nfrom support import record\n@record\ndef app(environ, start_response):\n    os._exit(1)\n"
    )
    server = shared.run("gunicorn dies:app")
    with pytest.raises(httpx.HTTPError):
        httpx.get(server.url)
    assert server.events(until="app(environ, start_response)").names == ["app(environ, start_response)"]


def test_importing_record_costs_a_server_nothing():
    script = "import sys, json; from support import record; print(json.dumps(sorted(sys.modules)))"
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    heavy = {"h11", "websockets", "jinja2", "psutil", "IPython", "asyncio", "support.bench", "support.app.events"}
    assert heavy.isdisjoint(json.loads(run.stdout))


def test_without_a_server_the_events_stay_with_the_app(monkeypatch):
    monkeypatch.delenv("BENCH_EVENTS", raising=False)
    app, other = record(a_list), record(a_list)
    wsgiref(app)
    assert isinstance(app.events(), Events)
    assert names(app)[0] == "app(environ, start_response)"
    assert names(other) == []
    assert os.getpid() == int(app.events()[0].exchange.split("-")[0])
