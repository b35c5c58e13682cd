"""The check of until_gone: work is done while its client waits, and ends when its client leaves."""

import re
from collections.abc import Iterator
from pathlib import Path

from ...errors import Said
from .. import expect
from ..asgi import expect_of, on_both, trouble
from ..drive import SILENCE, ask, chunked, connect, judged, said

PROGRAM = Path(__file__).with_name("departure_app.py")
PIECE = bytes(8192)  # as much as daphne puts into one http.request


@on_both("leaving.py", PROGRAM)
def until_gone(tap, program):
    """Asks for short work, for long work and leaves, for work while a body arrives, for work that fails.

    Then no task may be left that waits in receive().
    """
    for judge in (_judge_staying, _judge_leaving, _judge_body, _judge_failing, _judge_left_behind):
        with judged(tap):
            judge(tap, program)
    return Said(
        "On uvicorn and on daphne: the work is finished if the client waits, and cancelled if the client leaves.",
        "uvicorn과 daphne 모두에서 클라이언트가 기다리면 작업이 끝까지 실행되고, 연결을 끊으면 멈춥니다.",
    )


def _judge_staying(tap, program: str) -> None:
    """A client that waits for 0.1 s of work must get its answer."""
    answer = ask(tap, "GET /short")
    message = Said(
        f"{program}: a client that waited for 0.1 s of work got no answer. Does until_gone return as soon as the work "
        "is done, without waiting for the client to leave?",
        f"{program}: 0.1초짜리 작업을 기다린 클라이언트가 응답을 받지 못했습니다. until_gone은 작업이 끝나는 즉시 "
        "반환하나요? 클라이언트가 연결을 끊을 때까지 기다리면 안 됩니다.",
    )
    if trouble(tap):
        message = Said(
            f"{program}: this happened while a client waited for 0.1 s of work.",
            f"{program}: 클라이언트가 0.1초짜리 작업을 기다리던 중이었습니다.",
        )
    expect_of(tap, answer.whole and answer.code != 500, _advised(message, tap), answer.status, "200 OK")
    expect(
        answer.code == 200 or said(tap, "work is done", timeout=0),
        Said(
            f"{program}: the work was cancelled while the client was still there. The first event that receive() "
            "returned was http.request; before an answer has been sent, only http.disconnect says that the client has "
            "left.",
            f"{program}: 클라이언트가 아직 연결을 끊지 않았는데 작업이 취소되었습니다. receive()가 처음 반환한 "
            "이벤트는 http.request입니다. 응답을 보내기 전이라면, 클라이언트가 연결을 끊었다고 알리는 이벤트는 "
            "http.disconnect뿐입니다.",
        ),
        answer.status,
        "200 OK",
    )
    expect(
        answer.code == 200,
        Said(
            f"{program}: the work was done and the client still there, but until_gone did not return True.",
            f"{program}: 작업이 끝났고 클라이언트도 연결을 끊지 않았는데 until_gone이 True를 반환하지 않았습니다.",
        ),
        _returned(tap),
        "True",
    )


def _advised(message: Said, tap) -> Said:
    """The message, and what helps where the learner's code awaited a task that it had cancelled."""
    raised = trouble(tap)
    if not raised or "CancelledError" not in raised.en:
        return message
    return message + Said(
        "`await task` raises CancelledError if the task was cancelled; asyncio.wait({task}) does not.",
        "취소된 태스크를 `await task`로 기다리면 CancelledError가 나고, asyncio.wait({task})로 기다리면 나지 않습니다.",
    )


def _returned(tap) -> str:
    """What until_gone returned last, as the log has it."""
    return ["", *re.findall("until_gone returned (.*)", tap.upstream.log())][-1]


def _judge_leaving(tap, program: str) -> None:
    """When the client leaves its 30 s of work must be cancelled, and have ended when until_gone returns."""
    with connect(tap, "GET /long"):
        begun = said(tap, "work begins", count=2)
    expect(
        begun,
        Said(f"{program}: the second client's work never began.", f"{program}: 두 번째 작업이 시작되지 않았습니다."),
    )
    expect(
        said(tap, "work is cancelled"),
        Said(
            f"{program}: the client left, http.disconnect was there to receive, and {SILENCE} s later the work was "
            "still running. Wait for the work and for receive() at the same time; if the client leaves, cancel the "
            "work.",
            f"{program}: 클라이언트가 연결을 끊어서 http.disconnect를 받을 수 있는데도 {SILENCE}초 뒤까지 작업이 돌고 "
            "있었습니다. 작업과 receive()를 동시에 기다리다가, 클라이언트가 연결을 끊으면 작업을 취소하세요.",
        ),
    )
    expect(
        "brought http.disconnect" in tap.upstream.log().partition("work is cancelled")[0],
        Said(
            f"{program}: the work was cancelled although receive() had not returned http.disconnect. Before an answer "
            "has been sent, only that event, not a clock, says that the client has left.",
            f"{program}: receive()가 http.disconnect를 반환하지 않았는데도 작업이 취소되었습니다. 응답을 보내기 전에 "
            "클라이언트가 연결을 끊었는지는 시간이 아니라 이 이벤트로만 알 수 있습니다.",
        ),
    )
    _judge_end(tap, program)


def _judge_end(tap, program: str) -> None:
    """After the cancelling until_gone must return False, and not before the work has cleaned up."""
    returned = said(tap, "until_gone returned False")
    message = Said(
        f"{program}: the work was cancelled, but until_gone did not return False.",
        f"{program}: 작업은 취소되었지만 until_gone이 False를 반환하지 않았습니다.",
    )
    expect_of(
        tap,
        returned,
        _advised(message, tap),
        _returned(tap),
        "False",
    )
    expect(
        "work has cleaned up" in tap.upstream.log().partition("until_gone returned False")[0],
        Said(
            f"{program}: until_gone returned while the work was still cleaning up. cancel() only asks: wait for the "
            "cancelled task once more.",
            f"{program}: 작업이 아직 뒷정리를 하는 중에 until_gone이 반환했습니다. cancel()은 취소를 요청할 뿐이므로 "
            "취소한 태스크가 끝날 때까지 한 번 더 기다리세요.",
        ),
    )


def _judge_body(tap, program: str) -> None:
    """A client that sends a body in several pieces is still there: its work must be done."""
    answer = ask(tap, "POST /body", {"Transfer-Encoding": "chunked"}, chunked(_pieces(tap, program)), timeout=3)
    expect_of(
        tap,
        answer.code == 200,
        Said(
            f"{program}: a client sent its body in several pieces and waited, but its work was cancelled. Each piece "
            "is one http.request: do not count the events, look for http.disconnect.",
            f"{program}: 클라이언트가 본문을 여러 조각으로 보내고 기다렸는데 작업이 취소되었습니다. 조각마다 "
            "http.request가 하나씩 옵니다. 이벤트의 개수를 세지 말고 http.disconnect인지 확인하세요.",
        ),
        answer.status,
        "200 OK",
    )


def _pieces(tap, program: str) -> Iterator[bytes]:
    """Three pieces of a body, which become three http.request at least."""
    before = tap.upstream.log().count("brought http.request")
    for number in (1, 2, 3):
        yield PIECE
        # uvicorn joins pieces that arrive together; daphne waits for the whole body.
        if program == "uvicorn" and not said(tap, "brought http.request", count=before + number):
            return


def _judge_failing(tap, program: str) -> None:
    """What the work raises, until_gone must raise."""
    ask(tap, "GET /fail")
    expect_of(
        tap,
        said(tap, "your code raised ValueError: the work failed", timeout=0),
        Said(
            f"{program}: the work raised ValueError, but until_gone did not raise it. The server must hear that the "
            "work failed: task.result() raises what the task raised.",
            f"{program}: 작업에서 ValueError가 났는데 until_gone은 그 예외를 일으키지 않았습니다. 작업이 실패했다는 "
            "사실을 서버가 알아야 합니다. task.result()는 태스크에서 난 예외를 다시 일으킵니다.",
        ),
        _returned(tap),
        "ValueError: the work failed",
    )


def _judge_left_behind(tap, program: str) -> None:
    """No task that waits in receive() may be left when until_gone has returned."""
    ask(tap, "GET /short")
    expect(
        not said(tap, "receive() is still awaited", timeout=0),
        Said(
            f"{program}: until_gone has returned, and a task that it made still waits in receive(): it would take the "
            "next event away from the app. Cancel that task too.",
            f"{program}: until_gone이 반환했는데 그 안에서 만든 태스크가 아직 receive()에서 기다립니다. 그대로 두면 "
            "앱이 받을 다음 이벤트를 가로챕니다. 이 태스크도 취소하세요.",
        ),
    )
