"""The check of 0-start-here: a request sent by hand over a socket."""

import inspect
import re
import shlex
import signal
import socket
import threading
from pathlib import Path

import h11

from ...errors import Said
from ...loopback import HOST
from .. import exercise, expect
from ..drive import SILENCE, judged, serving

PROGRAM = Path(__file__).with_name("by_hand_app.py")
PATH = "/tea/green"  # no path that stands in the notebook: a request copied from there asks for another
DEADLINE = 2.5  # seconds for all of ask()


class Overdue(BaseException):
    """ask() has had its time. No `except Exception` of the learner's catches it."""


@exercise
def by_hand(bench, ask):
    """Calls `ask(host, port, path)` against a fresh wsgiref server and looks at the bytes that it sent."""
    expect(callable(ask), Said("ask is not a function yet.", "ask가 아직 함수가 아닙니다."))
    expect(
        _takes_three(ask),
        Said(
            "The check calls `ask(host, port, path)`, and your ask does not take these three arguments.",
            "확인 셀은 `ask(host, port, path)`를 호출하는데, 작성한 ask는 이 세 인자를 받지 않습니다.",
        ),
    )
    with serving(bench, {"exercise.py": PROGRAM}) as serve:
        tap = serve("python exercise.py")
        with judged(tap, curl=shlex.join(["curl", "-i", tap.upstream.url + PATH])):
            answer = _ask(ask, tap)
            _judge_request(tap, answer)
            _judge_answer(tap, answer)
    return Said(
        "The server understood your request, and you returned its whole answer.",
        "서버가 요청을 이해했고, 응답 전체를 빠짐없이 반환했습니다.",
    )


def _takes_three(ask) -> bool:
    try:
        inspect.signature(ask).bind(HOST, 80, "/")
    except TypeError:
        return False
    return True


def _ask(ask, tap) -> object:
    """What ask() returned; Overdue if it waited for bytes that never came, or never stopped asking."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(SILENCE)  # a request that never ends must not hang the learner's notebook
    try:
        return _limited(lambda: ask(HOST, tap.port, PATH))
    except (TimeoutError, Overdue):
        return Overdue
    finally:
        socket.setdefaulttimeout(before)


def _limited(call):
    """call(), with Overdue raised in it after the deadline, and again where it was caught: nothing spins on."""
    if threading.current_thread() is not threading.main_thread():
        return call()  # signals reach the main thread alone

    def ring(_, frame):
        if frame.f_code.co_filename != __file__:
            raise Overdue

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, DEADLINE, 0.003)
    try:
        return call()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _judge_request(tap, answer) -> None:
    """The bytes must be one GET request, whole, as RFC 9112 writes it."""
    sent, asked = tap.wire.bytes("→"), _request(tap)
    expect(
        sent or not isinstance(answer, bytes) or not answer,
        Said(
            "You got an answer, but not from this server: connect to the host and the port that ask() is given.",
            "응답을 받기는 했지만 이 서버의 응답이 아닙니다. ask()가 인자로 받은 host와 port로 연결하세요.",
        ),
    )
    expect(sent, Said("Nothing was sent to the server.", "서버로 아무것도 보내지 않았습니다."), sent, asked)
    _judge_lines(sent, asked)
    request = _understood(sent, asked)
    _judge_request_line(request, sent)
    more = sent.partition(b"\r\n\r\n")[2]
    expect(
        not more,
        Said(
            f"The empty line ends your request, and after it you sent `{more[:40]!r}`. Send one GET request, "
            "without a body.",
            f"요청은 빈 줄에서 끝나는데 그 뒤에 더 보낸 것이 있습니다: `{more[:40]!r}`. "
            "본문 없는 GET 요청을 하나만 보내세요.",
        ),
        sent,
        sent.removesuffix(more),
    )


def _request(tap) -> bytes:
    """The request that the check asks for."""
    return f"GET {PATH} HTTP/1.1\r\nHost: {tap.address}\r\n\r\n".encode()


def _judge_lines(sent: bytes, asked: bytes) -> None:
    """Each line must begin and end as it should, and an empty one must end the head."""
    expect(
        not re.search(rb"\A\s|^[ \t]+\S", sent, re.MULTILINE),
        Said(
            "A request begins with its method, and none of its lines begins with a space: yours has an empty line or "
            "spaces in front, as a string in triple quotes often does.",
            "요청은 메서드로 시작하고 어느 줄도 공백으로 시작하지 않아야 하는데, 보낸 요청은 앞에 빈 줄이나 공백이 "
            "있습니다. 삼중 따옴표 문자열을 쓰면 흔히 이렇게 됩니다.",
        ),
        sent,
        asked,
    )
    mended = sent.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    expect(
        b"\n" not in sent.replace(b"\r\n", b""),
        Said(
            r"Your lines end with \n. HTTP/1.1 ends each line with \r\n (RFC 9112, section 2.2).",
            r"줄 끝이 \n입니다. HTTP/1.1의 모든 줄은 \r\n으로 끝나야 합니다(RFC 9112, 2.2절).",
        ),
        sent,
        mended,
    )
    expect(
        b"\r\n\r\n" in sent,
        Said(
            r"The empty line is missing: the server waits for more headers. End the head with \r\n\r\n.",
            r"빈 줄이 없습니다. 서버는 헤더가 더 오기를 기다립니다. 헤더 끝에 \r\n\r\n을 보내세요.",
        ),
        sent,
        sent.removesuffix(b"\r\n") + b"\r\n\r\n",
    )


def _understood(sent: bytes, asked: bytes) -> h11.Request:
    """What h11 reads in the bytes."""
    parser = h11.Connection(h11.SERVER)
    parser.receive_data(sent)
    try:
        return parser.next_event()
    except h11.RemoteProtocolError as error:
        refusal = Said(
            f"h11, a strict reader of HTTP/1.1, refuses your request: {error}",
            f"HTTP/1.1을 엄격하게 읽는 h11이 요청을 거부했습니다: {error}",
        )
        expect(False, refusal, sent, asked)


def _judge_request_line(request: h11.Request, sent: bytes) -> None:
    came = sent.partition(b"\r\n")[0] + b"\r\n"
    wanted = f"GET {PATH} HTTP/1.1\r\n".encode()
    method, target = request.method.decode(), request.target.decode("latin-1")
    expect(
        method == "GET",
        Said(
            f"Send a GET request: your method is {method}. Methods are case-sensitive (RFC 9110, section 9.1).",
            f"GET 요청을 보내야 하는데 메서드가 {method}입니다. 메서드는 대소문자를 구분합니다(RFC 9110, 9.1절).",
        ),
        came,
        wanted,
    )
    expect(
        target == PATH,
        Said(
            f"The path given was {PATH}, but the request line asks for {target}.",
            f"인자로 받은 경로는 {PATH}인데 요청 줄의 경로는 {target}입니다.",
        ),
        came,
        wanted,
    )
    version = request.http_version.decode()
    expect(
        version in ("1.0", "1.1"),
        Said(
            f"Your request line says HTTP/{version}. Write HTTP/1.1.",
            f"요청 줄의 버전이 HTTP/{version}입니다. HTTP/1.1로 쓰세요.",
        ),
        came,
        wanted,
    )


def _judge_answer(tap, answer) -> None:
    """What ask() returned must be the server's answer, byte for byte."""
    ended = any(piece.way == "←" and piece.kind == "FIN" for piece in tap.pieces)
    expect(
        answer is not Overdue or not ended,
        Said(
            "recv() returned b'' and you called it again: b'' means that nothing more comes. Leave the loop there.",
            "recv()가 b''를 반환했는데 또 호출했습니다. b''는 더 올 것이 없다는 뜻입니다. 거기에서 루프를 끝내세요.",
        ),
    )
    expect(
        answer is not Overdue,
        Said(
            f"Your ask() did not return within {DEADLINE} seconds.",
            f"ask()가 {DEADLINE}초 안에 반환하지 않았습니다.",
        ),
    )
    came = tap.wire.bytes("←")
    expect(
        isinstance(answer, bytes | bytearray),
        Said(
            "The request is right. Now return the answer as bytes, as it came from the socket.",
            "요청은 올바릅니다. 이제 소켓에서 받은 응답을 bytes 그대로 반환하세요.",
        ),
        answer,
        came,
    )
    answer = bytes(answer)
    _judge_bytes(answer, came)


def _judge_bytes(answer: bytes, came: bytes) -> None:
    expect(
        answer or not came,
        Said(
            f"The server sent {len(came)} bytes, and you returned none of them.",
            f"서버는 {len(came)}바이트를 보냈는데 반환값은 비어 있습니다.",
        ),
        answer,
        came,
    )
    expect(
        answer.startswith(b"HTTP/1."),
        Said(
            f"What you returned begins with `{answer[:20]!r}`. Return the whole answer, from its status line on.",
            f"반환값의 첫머리가 `{answer[:20]!r}`입니다. 상태 줄부터 응답 전체를 반환하세요.",
        ),
        answer,
        came,
    )
    expect(
        answer.endswith(f"you asked for {PATH}".encode()),
        Said(
            "The answer is cut off. One recv() returns one piece: read until it returns b''.",
            "응답이 중간에 잘렸습니다. recv() 한 번에는 한 조각만 옵니다. b''가 나올 때까지 읽으세요.",
        ),
        answer,
        came,
    )
    expect(
        answer == came,
        Said(
            f"The server sent {len(came)} bytes and you returned {len(answer)}: pass them on unchanged, each once.",
            f"서버는 {len(came)}바이트를 보냈는데 반환값은 {len(answer)}바이트입니다. "
            "받은 바이트를 바꾸지 말고 한 번씩만 이어 붙이세요.",
        ),
        answer,
        came,
    )
