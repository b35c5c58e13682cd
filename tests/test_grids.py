"""The same to every server: what is shown of an answer, when it is over, what differs and what is wrong."""

import contextlib
import socket
import threading

import pytest
import samples

from support import BenchError, grid, grids
from support.grids import LATER, Answer, Case, Clause, Grid, ask, body, framing, status

GET = b"GET / HTTP/1.1\r\nHost: bench\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"
CHUNKS = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n"
UNTIL_CLOSE = b"HTTP/1.1 200 OK\r\n\r\nhi"
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
SWITCHING = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"
UPGRADE = GET.replace(b"\r\n\r\n", b"\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n")


class Scripted:
    """A server that answers what a case sends, and what is asked later. Its `answer` comes after as many of those."""

    def __init__(self, answer: bytes = OK, *, name: str = "web", closes: bool = False, after: int = 0) -> None:
        self.name, self.answer, self.closes, self.after, self.running = name, answer, closes, after, True
        self.later, self.heard = 0, []
        self.later_request = LATER.format("/").encode()
        self.due, self.sent = threading.Event(), threading.Event()
        self.threads: list[threading.Thread] = []

    def connect(self, timeout: float) -> socket.socket:
        near, far = socket.socketpair()
        near.settimeout(timeout)
        far.settimeout(samples.HANGING)
        self.threads.append(threading.Thread(target=self._serve, args=(far,), daemon=True))
        self.threads[-1].start()
        return near

    def _serve(self, far: socket.socket) -> None:
        with far, contextlib.suppress(OSError):
            asked = far.recv(65536)
            if asked == self.later_request:
                self.later += 1
                if self.later == self.after:
                    self.due.set()
                    self.sent.wait(samples.HANGING)
                far.sendall(OK)
                return
            self.heard.append(asked)
            if self.after:
                self.due.wait(samples.HANGING)
            far.sendall(self.answer)
            if self.closes:
                far.shutdown(socket.SHUT_WR)
            self.sent.set()
            far.recv(1)


@pytest.mark.parametrize(
    ("answer", "closes", "sent", "said"),
    [
        (OK, False, GET, "200"),
        (OK, True, GET, "200"),
        (OK + OK, False, GET + GET, "200, 200"),
        (OK + OK, False, GET, "200, 200"),
        (OK + b" two", False, GET, "200 and more"),
        (OK + b" two", True, GET, "200 and more"),
        (OK + b" two" + OK, False, GET + GET, "200 and more"),
        (OK + OK[:9], False, GET, "200 and more"),
        (OK[:-1], True, GET, "200 cut short"),
        (OK[:-1], False, GET, "200 unfinished"),
        (CHUNKS, True, GET, "200 cut short"),
        (CHUNKS + b"0\r\n\r\n", False, GET, "200"),
        (UNTIL_CLOSE, True, GET, "200"),
        (UNTIL_CLOSE, False, GET, "200 unfinished"),
        (OK[:-2], False, GET.replace(b"GET", b"HEAD"), "200"),
        (CONTINUE, False, GET, "100, silence"),
        (CONTINUE, True, GET, "100, closed"),
        (CONTINUE + OK, False, GET, "100, 200"),
        (SWITCHING, False, UPGRADE, "101"),
        (SWITCHING + b"\x81\x02hi", True, UPGRADE, "101"),
        (b"", False, GET, "silence"),
        (b"", True, GET, "closed"),
        (b"hello?\r\n\r\n", True, GET, "not HTTP/1.1"),
        (OK, False, b"no request at all\r\n\r\n", "200"),
    ],
)
def test_the_status_says_how_it_ends(answer, closes, sent, said):
    assert status(ask(Scripted(answer, closes=closes), sent)) == said


def test_bytes_are_sent_as_they_stand():
    server = Scripted()
    ask(server, b"GET / HTTP/1.1\nHost : \xff\n\n")
    assert server.heard == [b"GET / HTTP/1.1\nHost : \xff\n\n"]


@pytest.mark.parametrize(("after", "said"), [(1, "200"), (grids.ENOUGH, "200"), (grids.ENOUGH + 1, "silence")])
def test_a_silence_is_counted_in_later_answers_not_in_time(after, said, monkeypatch):
    monkeypatch.setattr(grids, "PAUSE", 0)
    server = Scripted(after=after)
    assert status(ask(server, GET)) == said
    assert server.later >= grids.ENOUGH


def test_of_a_whole_answer_it_is_seen_whether_more_comes():
    server = Scripted(OK)
    assert status(ask(server, GET)) == "200"
    assert server.later == grids.ENOUGH


def test_later_requests_ask_for_what_they_are_told_to():
    server = Scripted()
    server.later_request = LATER.format("/raise").encode()
    assert status(ask(server, GET, later="/raise")) == "200"
    assert server.later == grids.ENOUGH


def test_a_server_that_answers_nobody_is_an_error(monkeypatch):
    monkeypatch.setattr(grids, "PATIENCE", 0.05)
    monkeypatch.setattr(grids, "PAUSE", 0)
    monkeypatch.setattr(Scripted, "_serve", lambda self, far: self.threads.append(far))
    with pytest.raises(BenchError, match="web answers nobody"):
        ask(Scripted(), GET)


def test_a_reset_is_an_end(monkeypatch):
    def reset(self, far):
        far.recv(1)  # the rest stays unread: to close now is to reset
        far.close()

    monkeypatch.setattr(Scripted, "_serve", reset)
    assert status(ask(Scripted(), GET)) == "closed"


@pytest.mark.parametrize(
    ("answer", "said"),
    [(OK, "length"), (CHUNKS, "chunks"), (UNTIL_CLOSE, "close"), (b"", "closed"), (CONTINUE + OK, "length")],
)
def test_the_framing(answer, said):
    assert framing(Answer(answer, closed=True, sent=GET)) == said


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (OK, "hi"),
        (CHUNKS + b"0\r\n\r\n", "hi"),
        (CHUNKS, "200 cut short"),
        (OK.replace(b"hi", "é".encode()), "é"),
        (OK.replace(b"hi", b"\xffi"), "�i"),
        (OK.replace(b"200", b"404"), "404"),
    ],
)
def test_the_body(answer, said):
    assert body(Answer(answer, closed=True, sent=GET)) == said


CASES = [
    Case("all right", b"", right="400", clause="RFC 9112 §3.2"),
    Case("one wrong", b"", right=("400", "closed"), clause="ASGI www#scope"),
    Case("free", b""),
]
GRID = Grid(("one", "two", "three"), CASES, [("400",) * 3, ("400", "closed", "200"), ("a", "a", "b")])


def test_what_differs_and_what_is_wrong():
    assert GRID.split == ["one wrong", "free"]
    assert GRID.wrong == {"one": [], "two": [], "three": ["one wrong"]}
    assert GRID.differing == {(1, 1), (1, 2), (1, 3), (2, 3)}
    assert repr(GRID).splitlines() == [
        "they differ on 2 of 3 · 3개 중 2개에서 다름",
        "           one    two       three    right          clause",
        "all right  400    400       400      400            RFC 9112 §3.2",
        "one wrong  ≠ 400  ≠ closed  ≠ 200 ✗  400 or closed  ASGI www#scope",
        "free       a      a         ≠ b      –",
    ]


def test_an_answer_is_right_as_a_whole():
    assert not CASES[0].allows("40")
    assert not CASES[0].allows("400, 200")
    assert CASES[2].allows("anything")


def test_a_later_client_that_is_hung_up_on_has_its_answer(monkeypatch):
    def reset(self, far):
        far.recv(1)
        far.close()

    monkeypatch.setattr(Scripted, "_serve", reset)
    grids._ask_later(Scripted(), "/")


def test_a_wrong_answer_stands_out():
    html = GRID._repr_html_()
    assert html.count('<code>200</code> <b class="bad">✗</b>') == html.count("✗") == 1
    assert "<b>" not in Case("", b"", right="-").cell("<b>")._cell_html_()


def test_a_clause_is_a_link():
    assert Clause("RFC 9112 §3.2").url == "https://www.rfc-editor.org/rfc/rfc9112#section-3.2"
    assert Clause("ASGI www#scope").url == "https://asgi.readthedocs.io/en/latest/specs/www.html#scope"
    assert Clause("a habit").url == "" == Clause("").url
    assert (
        '<a href="https://www.rfc-editor.org/rfc/rfc9112#section-3.2">RFC&nbsp;9112&nbsp;§3.2</a>' in GRID._repr_html_()
    )
    assert '/www.html#scope">ASGI&nbsp;www</a>' in GRID._repr_html_()
    assert "<a " not in Clause("<b>")._cell_html_()
    assert "<b>" not in Clause("<b>")._cell_html_()


def test_each_server_is_asked_each_case():
    servers = [Scripted(name="one"), Scripted(OK.replace(b"200", b"404"), name="two")]
    shown = grid(
        servers, [Case("sent", GET), Case("done", lambda server: f"by {server.name}"), Case("read", GET, body)]
    )
    assert shown.columns == ["", "one", "two"]  # and no clause, where no case has one
    assert [row[1:3] for row in shown.rows] == [["200", "404"], ["by one", "by two"], ["hi", "404"]]


def test_the_bytes_of_all_cases_are_sent_before_a_function_is_called():
    server = Scripted()
    cases = [Case("done", lambda server: str(len(server.heard))), Case("one", GET), Case("two", GET)]
    assert grid([server], cases).rows[0][1] == "2"


def test_a_server_that_has_ended_says_so(bench):
    web = bench.run("uvicorn hello:asgi")
    web.stop()
    with pytest.raises(BenchError, match="no longer runs"):
        grid([web], [Case("sent", GET)])


def test_real_servers_side_by_side(bench):
    parsers = ("httptools", "h11")
    servers = [bench.run(f"uvicorn hello:asgi --http {parser}", name=parser) for parser in parsers]
    half = b"POST / HTTP/1.1\r\nHost: bench\r\n"
    shown = grid(servers, [Case("whole", GET, body), Case("half a head", half), Case("no HTTP", b"?\r\n\r\n")])
    assert [row[1:3] for row in shown.rows] == [["hello", "hello"], ["silence", "silence"], ["400", "400"]]
