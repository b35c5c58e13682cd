"""The check of timing.py: what reaches the server is the app's own response, and each line tells its true time."""

import time
from pathlib import Path

from ...errors import Said
from .. import exercise, expect
from ..drive import SILENCE, ask, connect, judged, receive, reset, serving, written
from ..gunicorn import GUNICORN, last_error
from .traces import calls, closed, explain_no_line, one_line, times, untouched

PROGRAM = Path(__file__).with_name("timing_app.py")
HOLD = 0.2  # seconds for which the check keeps the slow app from going on
ROUNDED = 0.06  # seconds that a time in the log may be too long: somebody may show one decimal
GATES = ("gate-stream", "gate-leaver", "gate-held", "gate-open")


@exercise
def timed(bench):
    """Drives timing.py: a list, a stream, one who leaves, two at once, wsgiref.validate, errors, no piece at all."""
    written(bench, "timing.py")
    for name in ("exercise.errors", *GATES):
        Path(bench.folder, name).unlink(missing_ok=True)
    with serving(bench, {"exercise.py": PROGRAM}) as serve:
        tap = serve(GUNICORN)
        for judge in (_list, _stream, _leaver, _two_at_once, _valid, _spilled, _unasked):
            with judged(tap):
                judge(bench, tap)
    return Said(
        "The pieces stream, the clock covers all of them, and close() is called, even when the client leaves.",
        "조각을 받는 대로 내보내고, 시간을 끝까지 재며, 클라이언트가 연결을 끊어도 close()를 호출합니다.",
    )


def _list(bench, tap) -> None:
    answer = ask(tap, "GET /list?list")
    _no_error(tap, Said("a request for an app that returns a plain list", "평범한 리스트를 반환하는 앱에 요청을 보낸"))
    expect(
        b"X-Kept: yes" in answer.raw and b"one" in answer.body and b"two" in answer.body,
        Said(
            f"An app that returns a plain list no longer works: the client got {answer.status}, and not all of the "
            "response.",
            "평범한 리스트를 반환하는 앱이 더는 동작하지 않습니다. "
            f"클라이언트가 받은 것은 {answer.status}이고 응답이 온전하지 않습니다.",
        ),
        answer.body,
        b"onetwo",
    )
    untouched(tap, "list")
    if not times(bench, "/list"):
        explain_no_line(tap, bench)
    one_line(bench, "/list")


def _stream(bench, tap) -> None:
    began = time.monotonic()
    with connect(tap, "GET /slow?gate-stream") as client:
        first = receive(client, lambda came: b"one" in came)
        time.sleep(HOLD)
        Path(bench.folder, "gate-stream").touch()
        receive(client)
    spent = time.monotonic() - began
    _no_error(tap, Said("a request for an app that yields its pieces", "조각을 하나씩 내보내는 앱에 요청을 보낸"))
    expect(
        b"one" in first.raw,
        Said(
            "The first piece was held back until the second was made: your middleware collects the body. "
            "Pass each piece on at once.",
            "두 번째 조각이 만들어질 때까지 첫 조각이 나가지 않았습니다. 미들웨어가 본문을 모으고 있습니다. "
            "조각은 받는 즉시 넘기세요.",
        ),
        first.body,
        b"one",
    )
    untouched(tap, "gate-stream")
    _whole_time(one_line(bench, "/slow"), spent)
    closings = closed(tap, "gate-stream")
    expect(
        closings,
        Said(
            "The inner app's iterable has a close(), and nobody called it. You are its server now (PEP 3333).",
            "안쪽 앱의 이터러블에 close()가 있는데 호출되지 않았습니다. 이제 그 앱의 서버는 미들웨어입니다(PEP 3333).",
        ),
    )
    expect(
        closings == 1,
        Said(
            f"The response came to its end, and close() was called {closings} times. Call it once, in `finally`.",
            f"응답이 끝까지 나갔는데 close()를 {closings}번 호출했습니다. `finally`에서 한 번만 호출하세요.",
        ),
    )


def _whole_time(took: float, spent: float) -> None:
    """Expects a time in the log that covers all of the body."""
    expect(
        took >= HOLD,
        Said(
            f"The body took {HOLD} s or more, but the log says {took}: "
            "stop the clock when the body is over, not when the app returns.",
            f"본문을 보내는 데 {HOLD}초 이상 걸렸는데 로그에 남은 값은 {took}입니다. "
            "앱이 반환할 때가 아니라 본문이 끝날 때까지 시간을 재세요.",
        ),
    )
    _no_longer(took, spent)


def _no_longer(took: float, spent: float) -> None:
    """Expects that a time in the log is no more than the client needed."""
    expect(
        took <= spent + ROUNDED,
        Said(
            f"The log says {took} s, but the client had the whole response after {spent:.3f} s: "
            "start the clock when the request comes, not before, and count in seconds.",
            f"로그에 남은 값은 {took}초인데 클라이언트는 {spent:.3f}초 만에 응답을 다 받았습니다. "
            "시간은 요청이 올 때부터 초 단위로 재세요.",
        ),
    )


def _leaver(bench, tap) -> None:
    client = connect(tap, "GET /slow?gate-leaver")
    receive(client, lambda came: b"one" in came)
    reset(tap, client)
    Path(bench.folder, "gate-leaver").touch()
    lines = times(bench, "/slow", 2, SILENCE)
    # `yield from` calls close() by itself when a client leaves, so that twice is no fault here.
    _ended(
        Said("A client left before the end", "클라이언트가 도중에 연결을 끊었는데"),
        closed(tap, "gate-leaver"),
        len(lines) == 2,
    )


def _ended(what: Said, closings: int, logged: bool) -> None:
    """Expects a close() and a line in the log after a response that did not come to its end."""
    expect(
        closings,
        Said(
            f"{what.en}, and nobody called close() on the inner app's iterable. Call it in `finally`.",
            f"{what.ko} 안쪽 앱이 반환한 이터러블의 close()를 호출하지 않았습니다. `finally`에서 호출하세요.",
        ),
    )
    expect(
        logged,
        Said(
            f"{what.en}, and its line in the log is missing. Write it in `finally`.",
            f"{what.ko} 로그에 줄이 없습니다. 줄도 `finally`에서 쓰세요.",
        ),
    )


def _two_at_once(bench, tap) -> None:
    Path(bench.folder, "gate-open").touch()
    with connect(tap, "GET /slow?gate-held") as held:
        receive(held, lambda came: b"one" in came)
        time.sleep(HOLD)
        began = time.monotonic()
        ask(tap, "GET /slow?gate-open")
        spent = time.monotonic() - began
        Path(bench.folder, "gate-held").touch()
        receive(held)
    for name in ("gate-open", "gate-held"):
        untouched(tap, name)
    took = times(bench, "/slow", 4, SILENCE)
    expect(
        len(took) == 4 and took[-1] >= HOLD,
        Said(
            f"Two clients asked at the same time, the first took {HOLD} s or more, and the log says {took[2:]}. "
            "Each request needs variables of its own: keep them in `wrapped`.",
            f"두 클라이언트가 동시에 요청했고 먼저 온 쪽은 {HOLD}초 이상 걸렸는데 로그에 남은 값은 {took[2:]}입니다. "
            "변수는 요청마다 따로 있어야 합니다. `wrapped` 안에 두세요.",
        ),
    )
    _no_longer(took[2], spent)


def _valid(bench, tap) -> None:
    answer = ask(tap, "GET /valid")
    error = last_error(tap)
    expect(
        answer.code == 200 and b"two" in answer.body and not error,
        Said(
            f"wsgiref.validate, around and inside your middleware, says: `{error or answer.status}`",
            f"미들웨어의 안팎에 씌운 wsgiref.validate가 이렇게 지적합니다: `{error or answer.status}`",
        ),
    )


def _spilled(bench, tap) -> None:
    ask(tap, "GET /spilled?spilled")
    outer, _ = calls(tap, "spilled")
    expect(
        any(event.name == "raise" for event in outer),
        Said(
            "The inner app raised an error after its first piece, and your middleware kept it from the server, "
            "which takes what it got for a whole response. Let the error through.",
            "안쪽 앱이 첫 조각을 내보낸 뒤 예외를 일으켰는데 미들웨어가 서버에 넘기지 않았습니다. "
            "그러면 서버는 잘린 응답을 온전한 응답으로 착각합니다. 예외를 막지 마세요.",
        ),
        [event.name for event in outer],
        [event.name for event in outer if event.name not in ("StopIteration", "close()")] + ["raise"],
    )
    lines = times(bench, "/spilled", 1, SILENCE)
    _ended(
        Said("The inner app raised an error", "안쪽 앱에서 예외가 났는데"),
        closed(tap, "spilled"),
        len(lines) == 1,
    )


def _unasked(bench, tap) -> None:
    ask(tap, "GET /unasked?unasked")
    expect(
        closed(tap, "unasked"),
        Said(
            "A response was closed before its first piece. The inner app had been called, and nobody called close() on "
            "its iterable: a generator that never started skips its `finally`. Call the app inside the generator.",
            "첫 조각을 꺼내기 전에 응답을 닫았더니, 안쪽 앱은 이미 호출되었는데 그 이터러블의 close()는 호출되지 "
            "않았습니다. 시작하지 않은 제너레이터에서는 `finally`도 실행되지 않습니다. "
            "앱을 제너레이터 안에서 호출하세요.",
        ),
    )


def _no_error(tap, what: Said) -> None:
    error = last_error(tap)
    expect(
        not error,
        Said(
            f"The server's log says `{error}` after {what.en}.",
            f"{what.ko} 뒤에 서버 로그에 남은 오류: `{error}`",
        ),
    )
