"""One way to serve, ask, shake hands and hang up; and the picture of what crossed."""

import contextlib
import re
import threading

import pytest

from support.errors import Said
from support.exercises import NotYet, drive, expect, failure
from support.exercises.drive import Answer, ask, chunked, connect, handshake, judged, receive, reset, serving, written

APP = """
from support import record


@record
def app(environ, start_response):
    size = int(environ.get("CONTENT_LENGTH") or 0)
    body = environ["wsgi.input"].read(size) if size else environ["wsgi.input"].read()
    start_response("200 OK", [("Content-Type", "text/plain"), ("X-Price", "$5")])
    return [environ["REQUEST_METHOD"].encode(), b" ", body]
"""
WRONG = Said("Wrong.", "틀렸습니다.")


@pytest.fixture(scope="module")
def tap(shared, tmp_path_factory):
    """A tap before gunicorn with APP."""
    program = tmp_path_factory.mktemp("program") / "app.py"
    program.write_text(APP)
    with serving(shared, {"exercise.py": program}) as serve:
        yield serve("gunicorn exercise:app")
    assert not any(server.running for server in shared.servers.values())


def wrong(tap, request, curl: str = ""):
    """The exchange of a check that asks so, and takes nothing."""
    with pytest.raises(NotYet) as caught, judged(tap, curl=curl):
        request()
        expect(False, WRONG)
    return caught.value.exchange


def test_an_answer(tap):
    answer = ask(tap, "GET /")
    assert (answer.code, answer.status, answer.body, answer.header("x-price")) == (200, "200 OK", b"GET ", "$5")
    assert answer.whole and not answer.fault and answer.header("nope") is None


def test_a_body_in_chunks(tap):
    assert ask(tap, "POST /", {"Transfer-Encoding": "chunked"}, chunked([b"one ", b"two"])).body == b"POST one two"


def test_a_handshake_that_is_refused(tap):
    assert handshake(tap, "/ws").status == "200 OK"


@pytest.mark.parametrize(
    ("raw", "ended", "status", "body", "whole", "fault"),
    [
        (b"", True, "no answer", b"", False, ""),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc", True, "200 OK", b"abc", False, "received 3 bytes"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc", False, "200 OK", b"abc", False, ""),
        (b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n\x81", False,
         "101 Switching Protocols", b"", True, ""),
        (b"HTTP/1.0 200 OK\r\n\r\nabc", True, "200 OK", b"abc", True, ""),
        (b"nonsense\r\n\r\n", True, "no answer", b"", False, "illegal status line"),
    ],
)  # fmt: skip
def test_how_much_of_an_answer_came(raw, ended, status, body, whole, fault):
    answer = Answer(raw, ended)
    assert (answer.status, answer.body, answer.whole) == (status, body, whole)
    assert fault in answer.fault and bool(fault) == bool(answer.fault)


def test_a_reset_is_passed_on_before_it_returns(tap):
    tap.clear()
    client = connect(tap, "POST /", {"Content-Length": "8"}, b"half")
    reset(tap, client)
    assert tap.wire.messages[-1].name == "RST"


def test_an_answer_is_read_as_far_as_it_is_enough(tap):
    with connect(tap, "GET /") as client:
        assert receive(client, lambda came: b"200" in came).raw.startswith(b"HTTP/1.1 200")


def test_a_failure_shows_what_crossed(tap):
    ask(tap, "GET /before")
    exchange = wrong(tap, lambda: ask(tap, "GET /price?tea=$5"))
    for shown in ("GET /price?tea=$5", "X-Price: $5", "start_response", "client", "gunicorn", "app"):
        assert shown in exchange.html
    assert "/before" not in exchange.html
    assert exchange.curl == f"curl -i '{tap.upstream.url}/price?tea=$5'"


def test_a_picture_that_cannot_be_drawn_does_not_hide_the_verdict(tap, monkeypatch):
    monkeypatch.setattr("support.exercises.exchange.sequence", lambda *sources: 1 / 0)
    with pytest.raises(NotYet, match="Wrong") as caught, judged(tap):
        ask(tap, "GET /")
        expect(False, WRONG)
    assert "ZeroDivisionError" in caught.value.exchange.html


def test_every_exception_gets_its_picture(tap):
    with pytest.raises(NotYet) as caught, judged(tap):
        ask(tap, "GET /")
        raise ValueError("mine: ")
    assert "ValueError: mine: " in caught.value.said.en
    assert "GET /" in caught.value.exchange.html
    assert failure(caught.value) is caught.value


def test_the_innermost_exchange_is_the_one_judged(tap):
    with pytest.raises(NotYet) as caught, judged(tap):
        ask(tap, "GET /outer")
        with judged(tap):
            ask(tap, "GET /inner")
            expect(False, WRONG)
    assert "/inner" in caught.value.exchange.html and "/outer" not in caught.value.exchange.html


def test_where_nothing_crossed(tap):
    assert wrong(tap, lambda: None).html == ""
    assert wrong(tap, lambda: None, curl="curl -i http://127.0.0.1/").curl == "curl -i http://127.0.0.1/"


@pytest.mark.parametrize(("aloud", "command"), [(True, "curl -i http://127.0.0.1:"), (False, "")])
def test_what_was_never_said_to_run_is_not_to_be_asked_again(shared, tmp_path, aloud, command):
    (tmp_path / "app.py").write_text(APP)
    with (
        pytest.raises(NotYet) as caught,
        serving(shared, {"quiet.py": tmp_path / "app.py"}, aloud) as serve,
        judged(tap := serve("gunicorn quiet:app")),
    ):
        ask(tap, "GET /")
        expect(False, WRONG)
    assert caught.value.exchange.curl.startswith(command) and bool(caught.value.exchange.curl) == aloud
    assert "GET /" in caught.value.exchange.html


FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.mark.parametrize(
    ("head", "headers", "body", "options"),
    [
        ("GET /", {}, b"", ""),
        ("GET /", {"Host": "chat.example:81"}, b"", " -H 'Host: chat.example:81'"),
        ("POST /", {"Content-Length": "5"}, b"tea=1", " --data-raw tea=1"),
        ("PUT /", FORM | {"Content-Length": "2"}, b"@a", " -X PUT -H 'Content-Type: application/x-www-form-urlencoded' "
         "--data-raw @a"),
        ("POST /", {}, b"", " -X POST"),
        ("POST /", {"Transfer-Encoding": "chunked"}, b"3\r\na b\r\n0\r\n\r\n", " -H 'Transfer-Encoding: chunked' "
         "--data-raw 'a b'"),
        ("GET /", drive.HANDSHAKE | {"Sec-WebSocket-Key": "x" * 22 + "=="}, b"", " -m 2 -H 'Connection: Upgrade' "
         f"-H 'Upgrade: websocket' -H 'Sec-WebSocket-Version: 13' -H 'Sec-WebSocket-Key: {drive.KEY}'"),
    ],
)  # fmt: skip
def test_the_same_request_as_curl(tap, head, headers, body, options):
    exchange = wrong(tap, lambda: ask(tap, head, headers, body))
    assert exchange.curl.removesuffix(f" {tap.upstream.url}/") == f"curl -i{options}"


def test_the_same_version_in_curl(tap):
    def asked():
        with connect(tap, "GET /", version="HTTP/1.0") as client:
            receive(client)

    assert wrong(tap, asked).curl == f"curl -i --http1.0 {tap.upstream.url}/"


@pytest.mark.parametrize(
    ("head", "headers", "body"),
    [
        ("POST /", {"Content-Length": "100"}, b"tea=1"),
        ("POST /", {"Content-Length": "3"}, b"\x00\x01\x02"),
        ("POST /", {"Content-Length": "300"}, b"x" * 300),
        ("GET /", {}, b"GET / HTTP/1.1\r\nHost: bench\r\n\r\n"),
        ("get lost and found", {}, b""),
    ],
)
def test_what_curl_would_not_send(tap, head, headers, body):
    assert wrong(tap, lambda: ask(tap, head, headers, body, half_close=True)).curl == ""


def test_a_check_before_its_stub(shared):
    with pytest.raises(NotYet, match=re.escape("There is no mine.py yet. Run the cell that writes it")):
        written(shared, "mine.py")
    (shared.folder / "mine.py").write_text("")
    assert written(shared, "mine.py") == shared.folder / "mine.py"


def test_nothing_of_a_check_is_left_when_it_fails(shared, tmp_path, capsys):
    (tmp_path / "app.py").write_text(APP)
    before = set(threading.enumerate())
    with (
        contextlib.suppress(ZeroDivisionError),
        serving(shared, {"other.py": tmp_path / "app.py"}, aloud=False) as serve,
    ):
        tap = serve("gunicorn other:app")
        front = serve(site="location / { proxy_pass http://{{ app.address }}; }", names={"app": tap})
        assert ask(front, "GET /").body == b"GET "
        1 / 0  # noqa: B018
    assert not tap.upstream.running and not front.upstream.running
    assert set(threading.enumerate()) <= before
    assert capsys.readouterr().out == ""
