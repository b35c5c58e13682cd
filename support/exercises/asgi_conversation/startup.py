"""The check of pool: open while uvicorn serves, a reason where it cannot start, and daphne, which has no lifespan."""

import re
from pathlib import Path

from ...bench.server import Server
from ...errors import BenchError, Said
from .. import exercise, expect, in_turn
from ..asgi import expect_of
from ..drive import ask, handshake, judged, serving, written

PROGRAM = Path(__file__).with_name("startup_app.py")
UP, DOWN, DAPHNE = "DATABASE=up uvicorn exercise:app", "DATABASE=down uvicorn exercise:app", "daphne exercise:app"
PATIENCE = 10  # seconds that a server may take to stop
REASON = "no database at db:5432"  # what open() says where it fails
NOT_MINE = "RuntimeError: lifespan is not mine"  # what the wrapped app raises on a lifespan scope
STARTED = ["lifespan.startup", "open()", "lifespan.startup.complete"]
STOPPED = ["lifespan.shutdown", "close()", "lifespan.shutdown.complete"]


@exercise
def pool(bench):
    """Runs uvicorn with its database up, and stops it; with its database down; then daphne."""
    written(bench, "startup.py")
    happened = Path(bench.folder, "lifespan.txt")
    judges = {UP: _judge_up, DOWN: _judge_down, DAPHNE: _judge_daphne}
    last_words = {}
    with serving(bench, {"exercise.py": PROGRAM}) as serve:

        def judge(command: str) -> None:
            happened.write_text("")
            last_words[command] = judges[command](serve, command, happened)

        in_turn(judge, judges)
    return Said(
        "With its database up, uvicorn served with an open pool and closed it at the end. daphne, which has no "
        "lifespan, served all the same. With its database down, uvicorn did not start, and its log says why:",
        "데이터베이스가 살아 있을 때 uvicorn은 풀을 연 채로 응답했고 끝날 때 닫았습니다. 라이프스팬이 없는 daphne도 "
        "문제없이 응답했습니다. 데이터베이스가 죽어 있을 때 uvicorn은 시작하지 않았고, 그 이유를 로그에 남겼습니다:",
        last_words[DOWN],
    )


def _judge_up(serve, command: str, happened: Path) -> None:
    """Asks for a page, a WebSocket and a type of scope that nobody knows; then stops the server."""
    try:
        tap = serve(command)
    except BenchError as error:
        _judge_start(error, _lines(happened))
        raise
    with judged(tap):
        answer = ask(tap, "GET /")
        if answer.code == 200:
            _judge_pool(answer.body.decode(errors="replace"), _lines(happened))
        _judge_handed_on(tap, "http", answer.status, "200 OK")
    with judged(tap):
        _judge_handed_on(tap, "websocket", str(handshake(tap, "/ws").code), "101")
    with judged(tap):
        _judge_handed_on(tap, "telegram", ask(tap, "GET /telegram").status, "200 OK")
    Server.stop(tap.upstream, grace=PATIENCE)
    _judge_stop(_lines(happened))


def _judge_start(error: BenchError, lines: list[str]) -> None:
    """A server whose database is up must not be left waiting."""
    answered = any(line.startswith(("lifespan.startup.", "raised ")) for line in lines)
    expect(
        answered or "lifespan.startup" not in lines,
        Said(
            "Your app received lifespan.startup and sent neither lifespan.startup.complete nor "
            "lifespan.startup.failed, so uvicorn waits. Its last words:",
            "앱이 lifespan.startup을 받고도 lifespan.startup.complete와 lifespan.startup.failed 중 어느 것도 보내지 "
            "않아서 uvicorn이 계속 기다립니다. 마지막 로그:",
            error.evidence,
        ),
    )


def _judge_pool(found: str, lines: list[str]) -> None:
    """What the page found as its pool must be the one that was opened."""
    failed = _raised(lines)
    expect(
        not failed or found == "open",
        Said(
            f"uvicorn serves, but without a lifespan: your app raised `{failed}` on the lifespan scope, and a server "
            "takes any exception there to mean 'not mine'.",
            f"uvicorn이 라이프스팬 없이 동작합니다. 라이프스팬 스코프에서 앱이 `{failed}` 예외를 일으켰고, 서버는 이 "
            "스코프에서 난 예외를 모두 앱이 라이프스팬을 지원하지 않는다는 뜻으로 받아들입니다.",
        )
        + _advice(failed),
    )
    expect(
        "open()" in lines,
        Said(
            "uvicorn serves, and pool.open() was never called. Call it when lifespan.startup has come.",
            "uvicorn이 응답하는데 pool.open()이 호출된 적이 없습니다. lifespan.startup을 받으면 호출하세요.",
        ),
    )
    expect(
        found != "closed",
        Said(
            "The page found the pool closed. Keep it open until lifespan.shutdown comes.",
            "페이지가 본 풀은 이미 닫혀 있습니다. lifespan.shutdown을 받을 때까지 열어 두세요.",
        ),
        found,
        "open",
    )
    expect(
        found == "open",
        Said(
            'The pool is open, and the page did not find it as scope["state"]["pool"]. Put it into the dictionary that '
            "came with the lifespan scope, before lifespan.startup.complete: that dictionary is copied for each "
            "request.",
            '풀은 열렸지만 페이지의 scope["state"]["pool"]에는 없습니다. 라이프스팬 스코프에 딸려 온 딕셔너리에, '
            "lifespan.startup.complete를 보내기 전에 넣으세요. 요청마다 그 딕셔너리를 복사합니다.",
        ),
        found,
        "open",
    )


def _raised(lines: list[str]) -> str:
    """What the learner's app raised first on the lifespan scope; nothing if it did not."""
    return next((line.removeprefix("raised ") for line in lines if line.startswith("raised ")), "")


def _advice(failed: str) -> Said:
    """What helps against the exception."""
    if failed == NOT_MINE:
        return Said(
            "The exception came from `app`: answer the lifespan yourself, and hand only the other scopes on.",
            "`app`에서 난 예외입니다. 라이프스팬에는 직접 응답하고, `app`에는 다른 스코프만 넘기세요.",
        )
    if "await" in failed:
        return Said(
            "pool.open() and pool.close() are plain functions: call them without await.",
            "pool.open()과 pool.close()는 코루틴이 아닌 일반 함수이므로 await 없이 호출하세요.",
        )
    return Said(
        "Answer lifespan.startup without an exception.",
        "예외를 내지 말고 lifespan.startup에 응답하세요.",
    )


def _judge_handed_on(tap, kind: str, came: str, wanted: str) -> None:
    """A scope that is no lifespan must reach the app as it is."""
    expect_of(
        tap,
        came == wanted,
        Said(
            f"{tap.upstream.name}: a scope of type {kind!r} did not get the app's answer. Hand every scope that is "
            "not a lifespan to the app, as it came, whatever its type.",
            f"{tap.upstream.name}: 타입이 {kind!r}인 스코프에 앱의 응답이 오지 않았습니다. 라이프스팬이 아닌 스코프는 "
            "타입이 무엇이든 받은 그대로 앱에 넘기세요.",
        ),
        came,
        wanted,
    )


def _judge_stop(lines: list[str]) -> None:
    """From startup to shutdown each event and each call stands in its place, once."""
    wanted = STARTED + STOPPED
    came = [line for line in lines if not line.startswith("raised ")]
    failed = _raised(lines)
    expect(
        not failed,
        Said(
            f"After lifespan.startup.complete your app raised `{failed}`.",
            f"lifespan.startup.complete를 보낸 뒤 앱에서 `{failed}` 예외가 났습니다.",
        )
        + _advice(failed),
        lines,
        wanted,
    )
    expect(
        came[:1] == ["lifespan.startup"],
        Said(
            "pool.open() was called before lifespan.startup: if it fails, nobody can tell the server yet.",
            "lifespan.startup보다 pool.open()이 먼저 호출되었습니다. 이때는 실패해도 서버에 알릴 방법이 없습니다.",
        ),
        came,
        wanted,
    )
    expect(
        "lifespan.shutdown" in came,
        Said(
            "uvicorn was stopped, and your app did not wait for lifespan.shutdown. Call receive() once more after "
            "lifespan.startup.complete.",
            "uvicorn이 멈출 때까지 앱이 lifespan.shutdown을 기다리지 않았습니다. lifespan.startup.complete를 보낸 뒤 "
            "receive()를 한 번 더 호출하세요.",
        ),
        came,
        wanted,
    )
    expect(
        "close()" in came,
        Said(
            "uvicorn was stopped, and pool.close() was never called. Call it when lifespan.shutdown has come.",
            "uvicorn이 멈췄는데 pool.close()가 호출된 적이 없습니다. lifespan.shutdown을 받으면 호출하세요.",
        ),
        came,
        wanted,
    )
    expect(
        came == wanted,
        Said(
            "From start to stop the order is not right. A server goes on, or ends, at a .complete: do your work first.",
            "시작부터 종료까지의 순서가 맞지 않습니다. 서버는 .complete를 받으면 바로 다음으로 넘어가거나 끝냅니다. "
            "할 일을 먼저 하세요.",
        ),
        came,
        wanted,
    )


def _judge_down(serve, command: str, happened: Path) -> str:
    """What a server whose pool does not open has said at last: it must end, and its log must have the reason."""
    try:
        tap, ended = serve(command), None
    except BenchError as error:
        tap, ended = None, error
    if tap:
        _judge_serving(tap, happened)
    _judge_end(ended, _lines(happened))
    return ended.evidence


def _judge_serving(tap, happened: Path) -> None:
    """No server may serve whose pool did not open: NotYet, with what the app told it instead."""
    with judged(tap):
        answer, lines = ask(tap, "GET /"), _lines(happened)
        told = Said("Your app sent no lifespan.startup.failed", "앱이 lifespan.startup.failed를 보내지 않았습니다")
        if any(line.startswith("raised ") for line in lines):
            told = Said(
                "Your app raised, which a server takes to mean 'no lifespan here'",
                "앱에서 예외가 났는데, 서버는 이를 '라이프스팬을 지원하지 않는다'로 받아들입니다",
            )
        elif "lifespan.startup.complete" in lines:
            told = Said(
                "Your app sent lifespan.startup.complete all the same",
                "앱이 그래도 lifespan.startup.complete를 보냈기 때문입니다",
            )
        expect(
            False,
            Said(
                f"The database is down, open() raised, and uvicorn serves. {told.en}. Catch what open() raises, and "
                "send lifespan.startup.failed.",
                f"데이터베이스가 죽어 있어 open()이 예외를 일으켰는데도 uvicorn이 응답합니다. {told.ko}. open()에서 난 "
                "예외를 잡아 lifespan.startup.failed를 보내세요.",
            ),
            answer.status,
            "no answer",
        )


def _judge_end(error: BenchError, lines: list[str]) -> None:
    """The server has ended: because the app said so, with a message, and with nothing after it."""
    _, failed, after = "\n".join(lines).partition("lifespan.startup.failed")
    expect(
        failed,
        Said(
            "The database is down, and uvicorn did not start; but not because your app sent lifespan.startup.failed. "
            "uvicorn's last words:",
            "데이터베이스가 죽어 있고 uvicorn도 시작하지 않았지만, 앱이 lifespan.startup.failed를 보내서가 아닙니다. "
            "마지막 로그:",
            error.evidence,
        ),
    )
    expect(
        REASON in error.evidence,
        Said(
            f"uvicorn did not start, and its log does not say why: `{REASON}` is missing. Put what open() raised into "
            "the event's message, as a str. The log:",
            f"uvicorn이 시작하지 않았는데 로그에 그 이유인 `{REASON}` 문구가 없습니다. open()에서 난 예외를 이벤트의 "
            "message에 str로 담으세요. 로그:",
            error.evidence,
        ),
    )
    kind = re.search("^message of type (.*)", after, re.MULTILINE)
    expect(
        not kind,
        Said(
            f"The message of lifespan.startup.failed is not a str: its type is `{kind and kind[1]}`. Send the "
            "exception's text.",
            f"lifespan.startup.failed의 message가 str이 아니라 `{kind and kind[1]}` 타입입니다. 예외를 문자열로 바꿔 "
            "보내세요.",
        ),
    )
    rest = [line for line in after.splitlines() if line in ("lifespan.startup.complete", "close()", "receive()")]
    expect(
        not rest,
        Said(
            f"After lifespan.startup.failed came `{''.join(rest[:1])}`. Nothing was opened: return.",
            f"lifespan.startup.failed 뒤에 `{''.join(rest[:1])}` 기록이 있습니다. 열린 것이 없으니 바로 반환하세요.",
        ),
        [line for line in lines if not line.startswith("raised ")],
        ["lifespan.startup", "open() raises", "lifespan.startup.failed"],
    )


def _judge_daphne(serve, command: str, happened: Path) -> None:
    """Without a lifespan the app is called all the same, and no scope has a state."""
    tap = serve(command)
    with judged(tap):
        _judge_handed_on(tap, "http", ask(tap, "GET /").status, "200 OK")
    with judged(tap):
        _judge_handed_on(tap, "websocket", str(handshake(tap, "/ws").code), "101")


def _lines(happened: Path) -> list[str]:
    """What has happened in the lifespan so far."""
    return happened.read_text().splitlines()
