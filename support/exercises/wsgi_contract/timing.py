"""The check of timing.py: what reaches the server is the app's own response, and each line tells its true time."""

import socket
import struct
import time
from pathlib import Path

from .. import exercise, expect
from .client import SILENCE, ask, connect, last_error, receive, serve, status
from .traces import calls, closed, explain_no_line, one_line, times, untouched

HOLD = 0.2  # seconds for which the check keeps the slow app from going on
ROUNDED = 0.06  # seconds that a time in the log may be too long: somebody may show one decimal
GATES = ("gate-stream", "gate-leaver", "gate-held", "gate-open")


@exercise
def timed(bench):
    """Drives timing.py: a list, a stream, one who leaves, two at once, wsgiref.validate, an app that fails."""
    for name in ("exercise.errors", *GATES):
        Path(bench.folder, name).unlink(missing_ok=True)
    server = serve(bench, "timing_app.py")
    try:
        _list(bench, server)
        _stream(bench, server)
        _leaver(bench, server)
        _two_at_once(bench, server)
        _valid(server)
        _spilled(bench, server)
    finally:
        server.stop(grace=0.2)
    return (
        "The pieces stream, the clock covers all of them, and close() is called, even when the client leaves.",
        "조각을 받는 대로 내보내고, 시간을 끝까지 재며, 클라이언트가 떠나도 close()를 호출합니다.",
    )


def _list(bench, server) -> None:
    answer = ask(server, "GET /list?list")
    _no_error(server, "a request for an app that returns a plain list", "평범한 리스트를 반환하는 앱에 요청을 보낸")
    expect(
        b"X-Kept: yes" in answer and b"one" in answer and b"two" in answer,
        f"An app that returns a plain list no longer works: the client got {status(answer)}, not all of its response.",
        "평범한 리스트를 반환하는 앱이 더는 동작하지 않습니다. "
        f"클라이언트가 받은 것은 {status(answer)}이고 응답이 온전하지 않습니다.",
    )
    untouched(server, "list")
    if not times(bench, "/list"):
        explain_no_line(server, bench)
    one_line(bench, "/list")


def _stream(bench, server) -> None:
    began = time.monotonic()
    with connect(server, "GET /slow?gate-stream") as client:
        first = receive(client, b"one")
        time.sleep(HOLD)
        Path(bench.folder, "gate-stream").touch()
        receive(client)
    spent = time.monotonic() - began
    _no_error(server, "a request for an app that yields its pieces", "조각을 하나씩 내는 앱에 요청을 보낸")
    expect(
        b"one" in first,
        "The first piece was held back until the second was made: your middleware collects the body. "
        "Pass each piece on at once.",
        "두 번째 조각이 만들어질 때까지 첫 조각이 나가지 않았습니다. 미들웨어가 본문을 모으고 있습니다. "
        "조각은 받는 즉시 넘기세요.",
    )
    untouched(server, "gate-stream")
    took = one_line(bench, "/slow")
    expect(
        took >= HOLD,
        f"The body took {HOLD} s or more, but the log says {took}: "
        "stop the clock when the body is over, not when the app returns.",
        f"본문을 보내는 데 {HOLD}초 이상 걸렸는데 로그에 남은 값은 {took}입니다. "
        "앱이 반환할 때가 아니라 본문이 끝날 때까지 시간을 재세요.",
    )
    _no_longer(took, spent)
    closings = closed(server, "gate-stream")
    expect(
        closings,
        "The inner app's iterable has a close(), and nobody called it. Its server is you now (PEP 3333).",
        "안쪽 앱의 이터러블에 close()가 있는데 아무도 호출하지 않았습니다. "
        "이제 그 앱의 서버는 미들웨어입니다(PEP 3333).",
    )
    expect(
        closings == 1,
        f"The response came to its end, and close() was called {closings} times. Call it once, in `finally`.",
        f"응답이 끝까지 나갔는데 close()를 {closings}번 호출했습니다. `finally`에서 한 번만 호출하세요.",
    )


def _no_longer(took: float, spent: float) -> None:
    """Expects that a time in the log is no more than the client needed."""
    expect(
        took <= spent + ROUNDED,
        f"The log says {took} s, but the client had all of it after {spent:.3f} s: "
        "start the clock when the request comes, not before, and count in seconds.",
        f"로그에 남은 값은 {took}초인데 클라이언트는 {spent:.3f}초 만에 응답을 다 받았습니다. "
        "시간은 요청이 올 때부터 초 단위로 재세요.",
    )


def _leaver(bench, server) -> None:
    with connect(server, "GET /slow?gate-leaver") as client:
        receive(client, b"one")
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # leave with a RST
    Path(bench.folder, "gate-leaver").touch()
    # `yield from` calls close() by itself when a client leaves, so that twice is no fault here.
    expect(
        closed(server, "gate-leaver") and len(times(bench, "/slow", 2, SILENCE)) == 2,
        "A client left before the end, and then close() or the line in the log was missing. Do both in `finally`.",
        "클라이언트가 도중에 떠나자 close() 호출이나 로그 줄이 빠졌습니다. 둘 다 `finally`에서 처리하세요.",
    )


def _two_at_once(bench, server) -> None:
    Path(bench.folder, "gate-open").touch()
    with connect(server, "GET /slow?gate-held") as held:
        receive(held, b"one")
        time.sleep(HOLD)
        began = time.monotonic()
        ask(server, "GET /slow?gate-open")
        spent = time.monotonic() - began
        Path(bench.folder, "gate-held").touch()
        receive(held)
    for name in ("gate-open", "gate-held"):
        untouched(server, name)
    took = times(bench, "/slow", 4, SILENCE)
    expect(
        len(took) == 4 and took[-1] >= HOLD,
        f"Two clients asked at the same time, the first for {HOLD} s or more, and the log says {took[2:]}. "
        "Each request needs variables of its own: keep them in `wrapped`.",
        f"두 클라이언트가 동시에 요청했고 먼저 온 쪽은 {HOLD}초 이상 걸렸는데 로그에 남은 값은 {took[2:]}입니다. "
        "변수는 요청마다 따로 있어야 합니다. `wrapped` 안에 두세요.",
    )
    _no_longer(took[2], spent)


def _valid(server) -> None:
    answer = ask(server, "GET /valid")
    error = last_error(server)
    expect(
        answer.startswith(b"HTTP/1.1 200") and b"two" in answer and not error,
        f"wsgiref.validate, around and inside your middleware, says: {error or status(answer)}",
        f"미들웨어의 안팎에 씌운 wsgiref.validate가 이렇게 지적합니다: {error or status(answer)}",
    )


def _spilled(bench, server) -> None:
    ask(server, "GET /spilled?spilled")
    outer, _ = calls(server, "spilled")
    expect(
        any(event.name == "raise" for event in outer),
        "The inner app raised an error after its first piece, and your middleware kept it from the server, "
        "which takes the rest for a whole response. Let the error through.",
        "안쪽 앱이 첫 조각을 낸 뒤 예외를 일으켰는데 미들웨어가 서버에 넘기지 않았습니다. "
        "그러면 서버는 잘린 응답을 온전한 응답으로 압니다. 예외를 막지 마세요.",
    )
    expect(
        closed(server, "spilled") and len(times(bench, "/spilled", 1, SILENCE)) == 1,
        "The inner app raised an error, and then close() or the line in the log was missing. Do both in `finally`.",
        "안쪽 앱에서 예외가 나자 close() 호출이나 로그 줄이 빠졌습니다. 둘 다 `finally`에서 처리하세요.",
    )


def _no_error(server, what: str, ko: str) -> None:
    error = last_error(server)
    expect(
        not error, f"{error} – says the server's log after {what}.", f"{error} – {ko} 뒤에 서버 로그에 남은 오류입니다."
    )
