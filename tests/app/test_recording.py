"""Reading a recording as it grows: what is awaited, what is not, and that a second look reads only what is new."""

import os
import subprocess
import sys
import threading
import time

import httpx
import pytest
import samples
from websockets.sync.client import connect

from support import BenchError
from support.app import recording
from support.app.entries import entry
from support.app.recording import Recording

ALIVE = os.getpid()
START = {"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"4")]}
HTTP = ("scope", "http.request", "http.response.start", "return")


class Story:
    """Entries of one exchange, written into a file as the recorder does."""

    _moments = iter(range(1, 1 << 40))

    def __init__(self, path, kind: str = "http", exchange: str = f"{ALIVE}-1") -> None:
        self.path, self.kind, self.exchange = path, kind, exchange

    def goes_on(self, *names: str, data=None) -> "Story":
        with self.path.open("ab") as file:
            for name in names:
                file.write(entry(next(self._moments), self.exchange, self.kind, "→", name, data))
        return self


@pytest.fixture
def path(tmp_path):
    """A file for entries."""
    return tmp_path / "server.events"


def later(does):
    """A server that runs, and where something is done when a look asks for the fourth time whether it does."""
    asked = iter(range(1 << 40))
    return lambda: next(asked) != 3 or does() or True


def naps(monkeypatch) -> list[float]:
    """The naps that a look takes from now on, in seconds."""
    taken, sleep = [], time.sleep

    def nap(seconds):
        taken.append(seconds)
        sleep(seconds)

    monkeypatch.setattr("support.waiting.time.sleep", nap)
    return taken


def test_an_exchange_that_has_ended_is_not_awaited(path, monkeypatch):
    Story(path).goes_on(*HTTP)
    taken = naps(monkeypatch)
    assert Recording(path, "uvicorn").events().names == list(HTTP)
    assert taken == []


def test_an_app_that_is_about_to_end_is_awaited(path):
    story = Story(path).goes_on(*HTTP[:2])
    story.goes_on("http.response.body", data={"body": b"", "more_body": False})
    soon = later(lambda: threading.Timer(recording.PATIENCE, story.goes_on, ["return"]).start())
    assert Recording(path, "uvicorn", soon).events(timeout=samples.HANGING).names[-1] == "return"


COMPLETE = [
    ("http", [("http.response.body", {"body": b"x", "more_body": False})]),
    ("http", [("http.response.body", {"body": b"x"})]),
    ("http", [("http.response.start", START), ("http.response.body", {"body": b"four", "more_body": True})]),
    ("websocket", [("websocket.close", {})]),
    ("websocket", [("websocket.disconnect", {})]),
    ("websocket", [("websocket.http.response.body", {"body": b"no"})]),
    ("wsgi", [("StopIteration", None)]),
    ("wsgi", [("raise", "ValueError")]),
    ("wsgi", [("start_response", {"headers": [("Content-Length", "4")]}), ("yield", b"four")]),
    ("wsgi", [("start_response", {"headers": [("Content-Length", "4")]}), ("write", b"fo"), ("yield", b"ur")]),
]
INCOMPLETE = [
    ("http", [("scope", {})]),
    ("http", [("http.response.body", {"body": b"x", "more_body": True})]),
    ("http", [("http.response.start", START), ("http.response.body", {"body": b"fou", "more_body": True})]),
    ("http", [("http.response.body", {"body": b"x"}), ("receive()", None)]),
    ("websocket", [("websocket.accept", {}), ("receive()", None)]),
    ("wsgi", [("return", "<generator>"), ("yield", b"x")]),
    ("wsgi", [("start_response", {"headers": None}), ("yield", b"x")]),
]


@pytest.mark.parametrize(("kind", "steps"), COMPLETE)
def test_a_complete_response_is_awaited_but_not_forever(path, kind, steps):
    story = Story(path, kind)
    for name, data in steps:
        story.goes_on(name, data=data)
    began = time.monotonic()
    events = Recording(path, "server").events(timeout=0.5)
    assert time.monotonic() - began >= 0.5
    assert len(events.open) == 1


@pytest.mark.parametrize(("kind", "steps"), INCOMPLETE)
def test_an_app_that_goes_on_says_so_as_soon_as_it_is_quiet(path, kind, steps, monkeypatch):
    story = Story(path, kind)
    for name, data in steps:
        story.goes_on(name, data=data)
    taken = naps(monkeypatch)
    assert len(Recording(path, "server").events(timeout=samples.HANGING).open) == 1
    assert sum(taken) < 0.2  # of sleep that was asked for: how long that takes is the machine's business


def test_events_that_keep_coming_are_not_waited_for(path, monkeypatch):
    story = Story(path).goes_on("scope")
    monkeypatch.setattr(recording, "PATIENCE", 0.2)
    look = Recording(path, "server", lambda: bool(story.goes_on("http.request")))
    assert look.events(timeout=samples.HANGING).names[-1] == "http.request"


def test_what_comes_within_the_quiet_is_waited_for(path):
    story = Story(path, "websocket").goes_on("scope", "websocket.connect", "receive()")
    soon = later(lambda: story.goes_on("websocket.receive", "websocket.send", "receive()"))
    assert Recording(path, "uvicorn", soon).events().names[-1] == "websocket.send"


def test_an_event_that_is_asked_for_is_awaited(path):
    Story(path).goes_on(*HTTP)
    story = Story(path, "websocket", f"{ALIVE}-2")
    soon = later(lambda: story.goes_on("websocket.connect"))
    events = Recording(path, "uvicorn", soon).events(until="websocket.connect", timeout=samples.HANGING)
    assert events.names[-1] == "websocket.connect"


def test_a_second_look_reads_only_what_is_new(path, monkeypatch):
    parsed = []
    monkeypatch.setattr(recording, "parse", lambda lines, parse=recording.parse: parsed.append(lines) or parse(lines))
    look = Recording(path, "uvicorn")
    Story(path).goes_on(*HTTP)
    assert len(look.events()) == 4
    assert look.events().names == list(HTTP)
    Story(path, exchange=f"{ALIVE}-2").goes_on(*HTTP)
    assert look.events().names == [*HTTP, *HTTP]
    assert b"".join(parsed) == path.read_bytes()


def test_reading_is_linear(path):
    """Ten times as many events take about ten times as long; and they are read only once."""

    def cost(count: int) -> float:
        path.write_bytes(b"".join(entry(n, f"{ALIVE}-{n // 4}", "http", "→", HTTP[n % 4], START) for n in range(count)))
        began = time.process_time()
        assert len(Recording(path, "uvicorn").events()) == count
        return time.process_time() - began

    small, large = min(cost(2_000) for _ in range(3)), min(cost(20_000) for _ in range(3))
    assert large < 30 * small


def test_after_clear_only_what_is_new_is_shown_and_the_file_is_empty(path):
    look = Recording(path, "uvicorn")
    Story(path).goes_on(*HTTP)
    look.clear()
    assert path.stat().st_size == 0
    Story(path, exchange=f"{ALIVE}-2").goes_on("scope", "return")
    assert look.events().names == ["scope", "return"]
    look.clear()
    with pytest.raises(BenchError, match="No event was recorded"):
        look.events(timeout=0.05)


def test_clear_before_anything_was_recorded(path):
    Recording(path, "uvicorn").clear()
    assert not path.exists()


@pytest.mark.parametrize(("until", "missing"), [(None, "No event was recorded"), ("nope", "No nope was recorded")])
def test_nothing_was_recorded(path, until, missing):
    with pytest.raises(BenchError) as caught:
        Recording(path, "uvicorn").events(until, timeout=0.05)
    assert missing in caught.value.en
    assert "app = record(app)" in caught.value.en
    assert "app = record(app)" in caught.value.ko
    assert samples.HANGUL.search(caught.value.ko)


def test_what_was_recorded_instead_is_the_evidence(path):
    Story(path).goes_on(*HTTP)
    with pytest.raises(BenchError) as caught:
        Recording(path, "uvicorn").events("nope", timeout=0.05)
    assert caught.value.evidence == repr(Recording(path, "uvicorn").events())


@pytest.mark.parametrize("until", [None, "nope"])
def test_a_dead_server_is_not_waited_for(path, until, monkeypatch):
    Story(path).goes_on("scope", "http.response.body", data={"body": b"x"})
    taken = naps(monkeypatch)
    look = Recording(path, "uvicorn", lambda: False)
    if until:
        with pytest.raises(BenchError, match="no longer runs") as caught:
            look.events(until, samples.HANGING)
        assert samples.HANGUL.search(caught.value.ko)
    else:
        assert "its process has ended" in repr(look.events(timeout=samples.HANGING))
    assert taken == []


def test_what_a_server_wrote_before_it_ended_is_read(path):
    look = Recording(path, "uvicorn", lambda: Story(path).goes_on("scope") is None)
    assert look.events().names[0] == "scope"


def test_a_worker_that_has_ended_is_not_waited_for(path, monkeypatch):
    worker = subprocess.Popen([sys.executable, "-c", ""])
    worker.wait()
    Story(path, exchange=f"{worker.pid}-1").goes_on("scope", "http.response.body", data={"body": b"x"})
    taken = naps(monkeypatch)
    events = Recording(path, "gunicorn").events(timeout=samples.HANGING)
    assert repr(events).splitlines()[-1].split("  ")[-1] == "its process has ended"
    assert taken == []


def test_a_full_recording_says_so(path, monkeypatch):
    Story(path).goes_on(*HTTP)
    look = Recording(path, "uvicorn")
    assert "full" not in repr(look.events())
    monkeypatch.setattr(recording, "FULL", path.stat().st_size)
    assert "the recording is full" in repr(look.events())
    look.clear()
    Story(path).goes_on("scope")
    assert "full" not in repr(look.events())


def test_a_server_whose_app_is_not_recorded(shared):
    server = shared.run("python hello.py")
    with pytest.raises(BenchError, match="recorded by python"):
        server.events(timeout=0.05)


SOCKET = """
from support import record

@record
async def app(scope, receive, send):
    assert scope["type"] == "websocket"
    await receive()
    await send({"type": "websocket.accept"})
    while (event := await receive())["type"] == "websocket.receive":
        await send({"type": "websocket.send", "text": event["text"].upper()})
"""


@pytest.mark.parametrize("server", ["uvicorn", "daphne", "gunicorn -k asgi", "hypercorn -b {address}"])
def test_an_open_websocket_says_at_once_that_its_app_waits(shared, server, monkeypatch):
    (shared.folder / "socket_app.py").write_text(SOCKET)
    room = shared.run(f"{server} socket_app:app")
    with connect(room.ws_url) as client:
        client.send("hi")
        assert client.recv(timeout=samples.HANGING) == "HI"
        taken = naps(monkeypatch)
        assert repr(room.events().only("websocket")).splitlines()[-1] == "…  waits in receive()"
        assert sum(taken) < 1
    assert "websocket.disconnect" in room.events(until="websocket.disconnect").names


WSGI = """
from support import record

@record
def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    if environ["PATH_INFO"] == "/list":
        return [b"a ", b"list"]
    return (piece for piece in (b"a ", b"generator"))
"""


@pytest.mark.parametrize("path", ["list", "generator"])
def test_a_server_that_never_calls_close_is_not_waited_for(shared, path, monkeypatch):
    """uvicorn's WSGI side (0.54) does not, although PEP 3333 wants it."""
    (shared.folder / "wsgi_app.py").write_text(WSGI)
    server = shared.run("uvicorn wsgi_app:app --interface wsgi")
    assert httpx.get(f"{server.url}/{path}").text == f"a {path}"
    taken = naps(monkeypatch)
    events = server.events()
    assert events.names[-3:] == ["yield", "yield", "StopIteration"]
    assert events.open == set()
    assert sum(taken) < 1
