"""The check of 0-start-here: a request sent by hand over a socket."""

import socket
from pathlib import Path

import h11

from ..errors import BenchError
from . import exercise, expect

# The body comes in two pieces, so that one recv() never brings the whole answer.
APP = """
import sys
import time
from wsgiref.simple_server import make_server


def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    yield b"you asked for "
    time.sleep(0.2)
    yield environ["PATH_INFO"].encode()


make_server("127.0.0.1", int(sys.argv[1]), app).serve_forever()
"""


@exercise
def by_hand(bench, ask):
    """Calls `ask(host, port, path)` against a fresh wsgiref server and looks at the bytes that it sent."""
    expect(callable(ask), "ask is not a function yet.", "ask가 아직 함수가 아닙니다.")
    Path(bench.folder, "exercise.py").write_text(APP, encoding="utf-8")
    server = bench.run("python exercise.py", name="exercise")
    tap = bench.tap(server)
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(2)  # a request that never ends must not hang the learner's notebook
    try:
        answer = _ask(ask, tap)
        _judge(tap, answer)
    finally:
        socket.setdefaulttimeout(before)
        tap.close()
        server.stop()
    return (
        "The server understood your request, and you returned its whole answer.",
        "서버가 요청을 이해했고, 응답 전체를 돌려받았습니다.",
    )


def _ask(ask, tap) -> object:
    """What ask() returned; None when it waited for bytes that never came."""
    try:
        return ask("127.0.0.1", tap.port, "/hello")
    except TimeoutError:
        return None


def _judge(tap, answer) -> None:
    sent = tap.wire.bytes("→")
    expect(sent, "Nothing was sent to the server.", "서버로 아무것도 보내지 않았습니다.")
    expect(
        b"\r\n" in sent or b"\n" not in sent,
        "Your lines end with \\n. HTTP/1.1 ends each line with \\r\\n (RFC 9112, section 2.2).",
        "줄 끝이 \\n입니다. HTTP/1.1의 모든 줄은 \\r\\n으로 끝나야 합니다(RFC 9112, 2.2절).",
    )
    expect(
        b"\r\n\r\n" in sent,
        "The empty line is missing: the server waits for more headers. End the head with \\r\\n\\r\\n.",
        "빈 줄이 없습니다. 서버는 헤더가 더 오기를 기다립니다. 헤더 뒤를 \\r\\n\\r\\n으로 끝내세요.",
    )
    parser = h11.Connection(h11.SERVER)
    parser.receive_data(sent)
    try:
        request = parser.next_event()
    except h11.RemoteProtocolError as error:
        raise BenchError(
            f"h11, a strict reader of HTTP/1.1, refuses your request: {error}",
            f"HTTP/1.1을 엄격하게 읽는 h11이 요청을 거부했습니다: {error}",
        ) from None
    target = request.target.decode("latin-1")
    expect(
        target == "/hello",
        f"The path given was /hello, but the request line asks for {target}.",
        f"주어진 경로는 /hello인데 요청 줄은 {target}을(를) 요청합니다.",
    )
    expect(
        isinstance(answer, bytes),
        "The request is right. Now return the answer as bytes, as it came from the socket.",
        "요청은 맞습니다. 이제 소켓에서 받은 응답을 bytes 그대로 돌려주세요.",
    )
    expect(
        answer.endswith(b"you asked for /hello"),
        "The answer is cut off. One recv() brings one piece: read until it returns b''.",
        "응답이 중간에 끊겼습니다. recv() 한 번에는 한 조각만 옵니다. b''가 나올 때까지 읽으세요.",
    )
