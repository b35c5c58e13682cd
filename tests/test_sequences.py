"""The whole conversation as one diagram: lanes, order, and the same each time."""

from types import SimpleNamespace

import httpx
import pytest
import samples
from websockets.sync.client import connect

from support import sequence, sequences
from support.app.events import Events
from support.wire.tap import Piece, Tap

RECORDED = samples.HELLO.replace("def app", "@record\ndef app").replace("async def asgi", "@record\nasync def asgi")
ECHO = """
from support import record

@record
async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        return
    await receive()
    await send({"type": "websocket.accept"})
    while (event := await receive())["type"] == "websocket.receive":
        await send({"type": "websocket.send", "text": event["text"].upper()})
"""
WSGI = [
    "client → gunicorn: GET /",
    "gunicorn → app: app(environ, start_response) GET /",
    "app → gunicorn: start_response 200 OK  Content-Type: text/plain",
    "app → gunicorn: return [b'hello']",
    "app → gunicorn: yield b'hello'",
    "gunicorn → client: 200 OK",
    "gunicorn → client: Data hello",
    "app → gunicorn: StopIteration",
]
CHAT = [
    "client → {0}: GET /",
    "{0} → app: scope websocket /",
    "{0} → app: websocket.connect",
    "app → {0}: websocket.accept",
    "{0} → client: 101 Switching Protocols",
    "client → {0}: TEXT 'one'",
    "{0} → app: websocket.receive text='one'",
    "app → {0}: websocket.send text='ONE'",
    "{0} → client: TEXT 'ONE'",
    "client → {0}: TEXT 'two'",
    "{0} → app: websocket.receive text='two'",
    "app → {0}: websocket.send text='TWO'",
    "{0} → client: TEXT 'TWO'",
    "client → {0}: CLOSE 1000",
    "{0} → app: websocket.disconnect {1}",
    "app → {0}: return",
    "{0} → client: CLOSE 1000",
]
CLOSED = {"uvicorn": "code=1000  reason=''", "daphne": "code=1000"}


@pytest.fixture
def patient(monkeypatch):
    """However busy the machine is, the app's last words count as said at the same time as the answer."""
    monkeypatch.setattr(sequences, "SLACK", samples.HANGING * 10**9)


def arrows(diagram) -> list[str]:
    """The diagram's arrows, one by one, without how the connection ended."""
    steps = [f"{row.start} → {row.end}: {row.label}" for row in diagram.rows]
    return [step for step in steps if not step.endswith((": FIN", ": RST"))]


def tapped(*moves, client="client", server="nginx") -> Tap:
    """A tap that never was: what it would have kept of the moves (milliseconds, way, bytes or FIN)."""
    kept = [
        Piece(when * 10**6, 1, way, *(("data", what) if isinstance(what, bytes) else (what,)))
        for when, way, what in moves
    ]
    tap = Tap.__new__(Tap)
    tap.pieces, tap._seen, tap._sides = kept, 0, {}
    tap.client, tap.upstream = client, SimpleNamespace(name=server)
    return tap


def recorded(*events, server="gunicorn") -> Events:
    """Events (milliseconds, way, name, and perhaps data) of one exchange."""
    return Events([(when * 10**6, "1", "wsgi", way, *(*what, None)[:2]) for when, way, *what in events], server)


REQUEST, ANSWER = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"


def test_client_nginx_server_and_app():
    front = tapped((0, "→", REQUEST), (9, "←", ANSWER))
    behind = tapped((1, "→", REQUEST), (8, "←", ANSWER), client="nginx", server="gunicorn")
    diagram = sequence(recorded((2, "→", "called"), (3, "←", "done")), behind, front)
    assert diagram.lanes == ["client", "nginx", "gunicorn", "app"]
    assert arrows(diagram) == [
        "client → nginx: GET /",
        "nginx → gunicorn: GET /",
        "gunicorn → app: called",
        "app → gunicorn: done",
        "gunicorn → nginx: 200 OK",
        "gunicorn → nginx: Data hi",
        "nginx → client: 200 OK",
        "nginx → client: Data hi",
    ]


def test_an_answer_comes_after_what_the_app_did_at_the_same_time():
    tap = tapped((0, "→", REQUEST), (3, "←", ANSWER), server="gunicorn")
    diagram = sequence(tap, recorded((1, "→", "called"), (2, "←", "start"), (4, "←", "close()")))
    assert [row.label for row in diagram.rows] == ["GET /", "called", "start", "close()", "200 OK", "Data hi"]


def test_the_bytes_of_a_piece_come_right_after_it():
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    chunks = [(2, "←", head + b"3\r\none\r\n"), (4, "←", b"3\r\ntwo\r\n")]
    pieces = [(1, "←", "yield", b"one"), (3, "←", "yield", b"two"), (5, "←", "close()")]
    diagram = sequence(tapped((0, "→", REQUEST), *chunks, server="gunicorn"), recorded(*pieces))
    labels = [row.label for row in diagram.rows]
    assert [label.split()[-1] for label in labels] == ["/", "b'one'", "OK", "one", "b'two'", "two", "close()"]


def test_an_answer_comes_before_the_next_request():
    moves = [(0, "→", REQUEST), (3, "←", ANSWER), (5, "→", REQUEST), (9, "←", ANSWER)]
    diagram = sequence(tapped(*moves, server="gunicorn"), recorded((1, "→", "first"), (6, "→", "second")))
    labels = [row.label for row in diagram.rows if row.label != "Data hi"]
    assert labels == ["GET /", "first", "200 OK", "GET /", "second", "200 OK"]


def test_what_the_app_did_much_later_is_drawn_later():
    tap = tapped((0, "→", REQUEST), (3, "←", ANSWER), server="gunicorn")
    diagram = sequence(tap, recorded((1, "→", "called"), (900, "←", "afterwards")))
    assert [row.label for row in diagram.rows] == ["GET /", "called", "200 OK", "Data hi", "afterwards"]


def test_lanes_without_an_arrow_are_left_out():
    assert sequence(tapped(), recorded((1, "→", "called"))).lanes == ["gunicorn", "app"]
    assert sequence().lanes == []


def test_the_text_has_every_arrow():
    tap = tapped((0, "→", REQUEST), (3, "←", ANSWER))
    assert repr(sequence(tap)).splitlines() == [
        "client → nginx   GET /",
        "nginx  → client  200 OK",
        "nginx  → client  Data hi",
    ]


def test_a_request_through_gunicorn(shared, patient):
    (shared.folder / "app.py").write_text(f"from support import record\n{RECORDED}")
    seen = []
    for _ in range(5):
        server = shared.run("gunicorn app:app")
        tap = shared.tap(server)
        httpx.get(tap.url)
        seen.append(arrows(sequence(tap, server.events())))
    assert seen == [WSGI] * 5


@pytest.mark.parametrize("program", ["uvicorn", "daphne"])
def test_a_websocket_conversation_is_the_same_each_time(shared, patient, program):
    (shared.folder / "echo.py").write_text(ECHO)
    server = shared.run(f"{program} echo:app")
    expected = [step.format(program, CLOSED[program]) for step in CHAT]
    for _ in range(10):
        tap = shared.tap(server)
        with connect(tap.ws_url, compression=None, proxy=None) as client:
            for word in ("one", "two"):
                client.send(word)
                assert client.recv() == word.upper()
        everything = server.events()
        latest = [tuple(vars(event).values()) for event in everything if event.exchange == everything[-1].exchange]
        assert arrows(sequence(tap, Events(latest, program))) == expected
        tap.close()


@pytest.mark.parametrize("body", ["hello", b"hello", None], ids=["a text", "numbers", "nothing"])
def test_an_app_that_yields_what_is_no_piece_is_drawn_too(body):
    pieces = body if isinstance(body, bytes) else [body]
    events = recorded((2, "→", "called"), *((3, "←", "yield", piece) for piece in pieces))
    lines = arrows(sequence(events, tapped((0, "→", REQUEST), (4, "←", ANSWER), server="gunicorn")))
    assert "gunicorn → client: 200 OK" in lines and len(lines) == 4 + len(pieces)
