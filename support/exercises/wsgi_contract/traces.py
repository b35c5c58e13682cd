"""What a middleware leaves behind: the recorded calls of it and of its app, and the lines in wsgi.errors."""

import re
from pathlib import Path

from ...errors import Said
from ...waiting import until
from .. import NotYet, expect

MADE = "200 OK [('Content-Type', 'text/plain'), ('X-Kept', 'yes')] b'onetwo'"  # by the apps of timing_app.py
PATIENCE = 0.5  # seconds that a line may come after its answer


def calls(tap, query: str) -> tuple[list, list]:
    """The recorded events of the request with this query: of the call of the middleware, and of that of its app."""
    events = tap.upstream.events(timeout=1)
    began = [event for event in events if event.name.startswith("app(") and event.data["QUERY_STRING"] == query]
    outer, inner = began[0].exchange, began[-1].exchange
    return [event for event in events if event.exchange == outer], [e for e in events if e.exchange == inner]


def closed(tap, query: str) -> int:
    """How often the inner app's iterable was closed."""
    return sum(event.name == "close()" for event in calls(tap, query)[1])


def untouched(tap, query: str) -> None:
    """Expects that the response to the request with this query is the app's own."""
    passed = _response(calls(tap, query)[0])
    expect(
        passed == MADE,
        Said(
            f"Leave the response alone: the app made `{MADE}`, and your middleware passed on `{passed}`.",
            f"응답은 그대로 두어야 합니다. 앱이 만든 것은 `{MADE}`인데 미들웨어가 넘긴 것은 `{passed}`입니다.",
        ),
        passed,
        MADE,
    )


def _response(events: list) -> str:
    """The status, the headers and the whole body."""
    said = [f"{event.data['status']} {event.data['headers']}" for event in events if event.name == "start_response"]
    return " ".join([*said, repr(b"".join(event.data for event in events if event.name == "yield"))])


def _copied_errors(bench) -> str:
    """All that was written to wsgi.errors."""
    copy = Path(bench.folder, "exercise.errors")
    return copy.read_text(encoding="utf-8") if copy.exists() else ""


def times(bench, path: str, count: int = 1, patience: float = PATIENCE) -> list[float]:
    """The times in wsgi.errors for this path, once there are `count` of them or `patience` seconds are over."""

    def lines() -> list[str]:
        return re.findall(rf"^took (\d+\.?\d*(?:e-\d+)?) s {re.escape(path)}\n", _copied_errors(bench), re.M)

    until(lambda: len(lines()) >= count, patience)
    return [float(each) for each in lines()]


def one_line(bench, path: str) -> float:
    """The time in the one line for this path."""
    took = times(bench, path)
    expect(
        len(took) == 1,
        Said(
            f"After one request for {path}, wsgi.errors has {len(took)} lines about it, and should have one. "
            f"It got `{_copied_errors(bench)[-90:]!r}`.",
            f"{path} 요청은 한 번 왔는데 wsgi.errors에 쓴 줄은 {len(took)}개입니다. 한 줄만 쓰세요. "
            f"지금까지 쓴 것: `{_copied_errors(bench)[-90:]!r}`",
        ),
    )
    return took[0]


def explain_no_line(tap, bench) -> None:
    """Raises NotYet with why there is no line about /list."""
    written = _copied_errors(bench)
    line = r"took [\d.]+(e-\d+)? s /list(?!\?)"
    beside = re.search(line, written)
    expect(
        not beside,
        Said(
            r"Your line comes, but not as a line of its own: it needs a \n at its end, and nothing else beside it.",
            r"줄을 쓰기는 했지만 독립된 한 줄이 아닙니다. 끝에 \n을 붙이고, 앞뒤에 다른 글자는 쓰지 마세요.",
        ),
        written,
        f"{beside and beside[0]}\n",
    )
    expect(
        not re.search(line, tap.upstream.log()),
        Said(
            "Your line went to the server's own output, not to environ['wsgi.errors']: "
            "only the server knows which log a request's errors belong to.",
            "줄이 environ['wsgi.errors']가 아니라 서버 자체의 출력으로 나갔습니다. "
            "오류를 어느 로그에 남길지는 서버만 압니다.",
        ),
    )
    raise NotYet(
        Said(
            r"environ['wsgi.errors'] got no line like 'took 0.012 s /list'. Write it there, with its \n."
            + (f" It got `{written[-60:]!r}`." if written else ""),
            r"environ['wsgi.errors']에 'took 0.012 s /list' 같은 줄이 없습니다. 거기에 \n까지 포함해 쓰세요."
            + (f" 지금 쓴 것: `{written[-60:]!r}`" if written else ""),
        )
    )
