"""record(app) changes nothing that a server or a client could notice, and writes everything down."""

import asyncio
import contextlib
import enum
import functools
import http
import inspect
import io
import json
import marshal
import os
import subprocess
import sys
import warnings
from concurrent.futures import ThreadPoolExecutor
from wsgiref.handlers import SimpleHandler

import asgiref.compatibility
import fastapi
import flask
import httpx
import hypercorn.utils
import pytest
import samples
import starlette._utils
import uvicorn

from support import record
from support.app.entries import literal
from support.app.events import Events
from support.app.recording import Recording

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


def test_a_body_that_its_server_has_dropped_without_close_has_ended():
    app = record(lambda environ, start_response: Closing(b"x"))
    list(app({}, lambda *_: None))
    assert names(app)[-1] == "StopIteration"
    assert app.events().open == set()


def test_an_exception_of_close_goes_on_and_is_written_down():
    class Broken(Closing):
        def close(self):
            raise ValueError("in close: ")

    app = record(lambda environ, start_response: Broken(b"x"))
    with pytest.raises(ValueError, match="in close"):
        app({}, lambda *_: None).close()
    assert [(event.name, event.data) for event in app.events()][2:] == [
        ("close()", None),
        ("raise", "ValueError: in close: "),
    ]
    assert app.events().open == set()


def test_the_words_of_an_exception_are_the_learners_own():
    def app(environ, start_response):
        raise ValueError("header: ")

    recorded = record(app)
    with pytest.raises(ValueError, match="header"):
        recorded({}, lambda *_: None)
    assert recorded.events()[-1].data == "ValueError: header: "


def test_every_way_to_read_is_counted():
    def app(environ, start_response):
        body = environ["wsgi.input"]
        first = bytearray(9)
        body.readinto(first)
        return [first, body.readline(3), body.read(size=1), *body.readlines(), body.read1(1)]

    class Stream(io.BytesIO):
        def read(self, size):
            return super().read(size)

    recorded = record(app)
    list(recorded({"wsgi.input": Stream(b"nine byteabcd\nef\ngh")}, lambda *_: None))
    assert [(e.name, e.size) for e in recorded.events() if "input" in e.name] == [
        ("wsgi.input.readinto(<bytearray>)", 9),
        ("wsgi.input.readline(3)", 3),
        ("wsgi.input.read(size=1)", 1),
        ("wsgi.input.readlines()", 6),
        ("wsgi.input.read1(1)", 0),
    ]


def test_start_response_gets_its_arguments_as_they_came():
    def app(environ, start_response):
        start_response("200 OK", headers=[("A", "1")])
        return []

    came = []
    recorded = record(app)
    list(recorded({}, lambda *args, **named: came.append((args, named))))
    assert came == [(("200 OK",), {"headers": [("A", "1")]})]
    assert recorded.events().only("wsgi")[1].data == {"status": "200 OK", "headers": [("A", "1")], "exc_info": False}


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


class Double:
    """An application of ASGI 2: app(scope) gives a coroutine function of (receive, send)."""

    def __init__(self, scope):
        self.scope = scope

    async def __call__(self, receive, send):
        await http_app(self.scope, receive, send)


class Awaitable:
    """An ASGI 3 application that is a class, as starlette's HTTPEndpoint."""

    def __init__(self, scope, receive, send):
        self.call = (scope, receive, send)

    def __await__(self):
        return http_app(*self.call).__await__()


def plain(scope, receive, send):
    return http_app(scope, receive, send)


def double(scope):
    return functools.partial(http_app, scope)


class Sync:
    def __call__(self, environ, start_response):
        return a_list(environ, start_response)


async def renamed(connection, queue, answer):
    await http_app(connection, queue, answer)


KINDS = {
    "a coroutine function": http_app,
    "renamed": renamed,
    "an object": AnObject(),
    "a bound method": AnObject().__call__,
    "a partial of a coroutine function": functools.partial(http_app),
    "a partial of an object": functools.partial(AnObject()),
    "a function that returns a coroutine": plain,
    "a class to await": Awaitable,
    "a class of ASGI 2": Double,
    "a function of ASGI 2": double,
    "a WSGI function": a_list,
    "a WSGI generator": generator,
    "a WSGI class": AClass,
    "a WSGI object": Sync(),
    "FastAPI": fastapi.FastAPI(),
    "Flask": flask.Flask("x"),
    "a recorded app": record(http_app),
    "a recorded object": record(AnObject()),
}


def uvicorn_says(app) -> str:
    config = uvicorn.Config(app)
    config.load()
    return config.interface


DETECT = {
    "uvicorn": uvicorn_says,
    "hypercorn": hypercorn.utils.is_asgi,
    "daphne": asgiref.compatibility.is_double_callable,
    "starlette": starlette._utils.is_async_callable,
    "inspect": lambda app: (inspect.isfunction(app), inspect.isclass(app), inspect.iscoroutinefunction(app)),
    "callable": callable,
}


@pytest.mark.parametrize("detect", DETECT.values(), ids=DETECT)
@pytest.mark.parametrize("app", KINDS.values(), ids=KINDS)
def test_servers_see_what_they_would_see_of_the_bare_app(app, detect):
    assert detect(record(app)) == detect(app)


@pytest.mark.parametrize("kind", [name for name in KINDS if "WSGI" not in name and name not in ("FastAPI", "Flask")])
@pytest.mark.parametrize("way", ["by place", "by name", "mixed"])
def test_an_app_of_every_kind_is_recorded(kind, way):
    app = record(KINDS[kind])
    sent = []

    async def receive():
        return {"type": "http.request", "body": b"hi"}

    async def send(event):
        sent.append(event)

    async def serve():
        scope = {"type": "http"}
        if "ASGI 2" in kind:
            await (app(scope=scope) if way == "by name" else app(scope))(receive, send)
        elif way == "by place" or kind == "renamed":
            await app(scope, receive, send)
        elif way == "by name":
            await app(scope=scope, receive=receive, send=send)
        else:
            await app(scope, send=send, receive=receive)

    asyncio.run(serve())
    assert [event["type"] for event in sent] == ["http.response.start", "http.response.body"]
    events = app.events().last
    assert events.names == ["scope", "http.request", "http.response.start", "http.response.body", "return"]
    assert events.open == set()


@pytest.mark.parametrize("app", [http_app, AnObject(), Awaitable, Double, renamed, AClass, a_list, generator, Sync()])
@pytest.mark.parametrize(
    ("args", "named"),
    [
        (({"REQUEST_METHOD": "GET"}, print), {}),
        (({"type": "http"}, print, print), {}),
        (({"type": "http"},), {}),
        ((), {"scope": {"type": "http"}, "receive": print, "send": print}),
        ((), {}),
        ((1, 2, 3, 4), {}),
    ],
)
def test_a_wrong_call_fails_as_it_would_of_the_bare_app(app, args, named):
    def outcome(app):
        try:
            result = app(*args, **named)
        except TypeError as error:
            return str(error)
        if inspect.iscoroutine(result):
            result.close()
        return "no error"

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # of coroutines that nobody awaits
        assert outcome(record(app)) == outcome(app)


def test_a_wrong_call_is_written_down():
    app = record(http_app)
    with pytest.raises(TypeError, match="missing 1 required positional argument: 'send'"):
        app({"REQUEST_METHOD": "GET"}, print)
    assert names(app) == ["app(environ, start_response)", "raise"]
    assert app.events().open == set()


def test_the_attributes_are_the_apps_own():
    app = record(fastapi.FastAPI(title="mine"))

    @app.get("/items/{number}")
    async def item(number: int):
        return {"number": number}

    app.state.colour = "red"
    app.title = "changed"
    assert isinstance(app, fastapi.FastAPI)
    assert (app.title, app.state.colour, app.openapi()["info"]["title"]) == ("changed", "red", "changed")
    assert "get" in dir(app)
    assert "FastAPI" in repr(app)
    del app.title
    with pytest.raises(AttributeError):
        _ = app.title

    async def ask():
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://x") as client:
            return await client.get("/items/7")

    assert asyncio.run(ask()).json() == {"number": 7}
    assert names(app)[0] == "scope"


def test_an_attribute_called_events_is_the_apps_own_too():
    app = AnObject()
    app.events = "mine"
    assert record(app).events == "mine"


def test_a_call_of_the_call_is_recorded_too():
    app = record(AnObject())
    call(app.__call__, {"type": "http"}, {"type": "http.request", "body": b"hi"})
    assert names(app)[-1] == "return"


def test_a_function_keeps_its_name_and_words():
    assert (record(renamed).__name__, record(renamed).__module__) == ("renamed", __name__)
    assert record(wsgiref).__doc__ == wsgiref.__doc__


def test_what_the_server_cannot_send_goes_on_as_it_came():
    async def app(scope, receive, send):
        await send(message={"type": "http.response.start"})

    async def send(message):
        came.append(message)

    came, recorded = [], record(app)
    asyncio.run(recorded({"type": "http"}, None, send))
    assert came == [{"type": "http.response.start"}]
    assert names(recorded)[1] == "http.response.start"


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
    ("event", "name"),
    [({"type": Kind.START}, "http.response.start"), ("hello", "?"), (None, "?"), ({}, "?"), ({"type": []}, "?")],
)
def test_whatever_is_sent_can_be_read_back(event, name, tmp_path, monkeypatch):
    async def app(scope, receive, send):
        await send(event)

    path = tmp_path / "events"
    monkeypatch.setenv("BENCH_EVENTS", str(path))
    with contextlib.suppress(AttributeError):  # what a server says to it is the server's business
        call(record(app), {"type": "http"})
    assert Recording(path, "uvicorn").events().names[1] == name


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
    assert marshal.loads(marshal.dumps(literal(value))) == plain


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


FRAMEWORKS = """
import django
import flask
from django.conf import settings
from django.core.asgi import get_asgi_application
from django.core.wsgi import get_wsgi_application
from django.http import HttpResponse
from django.urls import path
from fastapi import FastAPI

from support import record

fast = record(FastAPI())


@fast.get("/hello/{name}")
async def greet(name: str):
    return f"hello {name}"


flasks = record(flask.Flask(__name__))


@flasks.route("/hello/<name>")
def greeting(name):
    return f"hello {name}"


def greeted(request, name):
    return HttpResponse(f"hello {name}")


urlpatterns = [path("hello/<name>", greeted)]
settings.configure(ROOT_URLCONF=__name__, ALLOWED_HOSTS=["*"], DEBUG=True, SECRET_KEY="x")
django_wsgi = record(get_wsgi_application())
django_asgi = record(get_asgi_application())
"""
COMMANDS = [
    ("gunicorn {}", "flasks"),
    ("gunicorn {} -k gthread", "django_wsgi"),
    ("gunicorn {} -k asgi", "fast"),
    ("gunicorn {} -k uvicorn_worker.UvicornWorker", "django_asgi"),
    ("uvicorn {}", "fast"),
    ("uvicorn {}", "django_asgi"),
    ("uvicorn {} --interface wsgi", "flasks"),
    ("daphne {}", "fast"),
    ("daphne {}", "django_asgi"),
    ("hypercorn {} -b {{address}}", "fast"),
    ("hypercorn {} -b {{address}}", "flasks"),
    ("hypercorn {} -b {{address}}", "django_asgi"),
]


@pytest.mark.parametrize(("command", "app"), COMMANDS)
def test_frameworks_on_real_servers(shared, command, app):
    (shared.folder / "frameworks.py").write_text(FRAMEWORKS)
    server = shared.run(command.format(f"frameworks:{app}"))
    answer = httpx.get(f"{server.url}/hello/you")
    assert (answer.status_code, answer.text.strip('"')) == (200, "hello you")
    events = server.events().last
    assert events.open == set()
    assert events[0].name in ("scope", "app(environ, start_response)")
    assert sum(event.size for event in events if event.way == "←") == len(answer.content)


UPLOAD = """
from support import record

@record
async def app(scope, receive, send):
    assert scope["type"] == "http"
    while (await receive()).get("more_body"):
        pass
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"done"})
"""


def test_an_upload_leaves_a_small_file_and_its_true_length(shared):
    (shared.folder / "upload.py").write_text(UPLOAD)
    server = shared.run("uvicorn upload:app")
    assert httpx.post(server.url, content=bytes(20 << 20)).text == "done"
    events = server.events().only("http")
    assert sum(event.size for event in events if event.name == "http.request") == 20 << 20
    assert sum(len(event.data["body"]) for event in events if event.name == "http.request") == 20 << 20
    assert server._events.stat().st_size < 4 << 20


def test_a_recording_does_not_grow_without_end(tmp_path, monkeypatch):
    monkeypatch.setenv("BENCH_EVENTS", str(tmp_path / "events"))
    monkeypatch.setattr("support.app.record.FULL", 10_000)
    app = record(a_list)
    for _ in range(100):
        list(app({"REQUEST_METHOD": "GET"}, lambda *_: None))
    assert 10_000 <= (tmp_path / "events").stat().st_size < 11_000


def test_nor_do_the_events_that_stay_with_the_app(monkeypatch):
    monkeypatch.delenv("BENCH_EVENTS", raising=False)
    monkeypatch.setattr("support.app.record.FULL", 10_000)
    app = record(a_list)
    for _ in range(1000):
        list(app({"REQUEST_METHOD": "GET"}, lambda *_: None))
    assert len(app.events()) < 200


def test_a_scope_that_contains_itself_and_a_list_without_end():
    shared = {"type": "http", "numbers": list(range(400))}
    scope = {**shared, "again": [[shared] * 100] * 100}
    scope["state"] = {"scope": scope, **{str(number): number for number in range(5000)}}

    async def app(scope, receive, send):
        pass

    recorded = record(app)
    asyncio.run(recorded(scope, None, None))
    (event, _) = recorded.events()
    assert event.data["numbers"][-1] == 399
    assert "… (100 items)" in repr(event.data)
    assert len(repr(event.data)) < 10_000


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
