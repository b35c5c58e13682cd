"""The check of repair.py: each of its apps through wsgiref.validate, and every byte that arrives."""

from pathlib import Path

from ...errors import Said
from .. import exercise, expect, in_turn
from ..drive import ask, judged, serving, written
from ..gunicorn import GUNICORN, last_error

PROGRAM = Path(__file__).with_name("repairs_app.py")
REPAIRED = {"greet": ("200 OK", "안녕, WSGI!".encode()), "move": ("302 Found", b""), "count": ("200 OK", b"0\n1\n2\n")}
LINES = [b"0\n", b"1\n", b"2\n"]  # the pieces of count


@exercise
def repair(bench):
    """Asks for each app of repair.py through wsgiref.validate on gunicorn, and compares what arrives."""
    written(bench, "repair.py")
    with serving(bench, {"exercise.py": PROGRAM}) as serve:
        tap = serve(GUNICORN)

        def judge(name: str) -> None:
            with judged(tap):
                _repaired(tap, name, *REPAIRED[name])

        in_turn(judge, REPAIRED)
    return Said(
        "All three pass wsgiref.validate, and every byte arrives.",
        "세 앱 모두 wsgiref.validate를 통과하고, 모든 바이트가 도착합니다.",
    )


def _repaired(tap, name: str, status: str, body: bytes) -> None:
    """Asks for one app: no error in the log, its status, and its body to the last byte."""
    answer = ask(tap, f"GET /{name}")
    error = last_error(tap)
    expect(not error, Said(f"{name}: the log says `{error}`", f"{name}: 로그에 다음 오류가 있습니다. `{error}`"))
    expect(
        answer.status == status,
        Said(
            f"{name}: {status} was wanted; the client saw {answer.status}",
            f"{name}: {status} 응답이어야 합니다. 클라이언트가 받은 것: {answer.status}",
        ),
        answer.status,
        status,
    )
    expect(
        answer.whole or len(answer.body) > len(body),
        Said(
            f"{name}: the answer is not complete: {answer.fault}",
            f"{name}: 응답이 끝까지 오지 않았습니다. {answer.fault}",
        ),
        answer.body,
        body,
    )
    if name == "move":
        _moved(answer.header("location"))
    _same(name, answer.body, body)
    if name == "count":
        _one_by_one(tap)


def _moved(location: str | None) -> None:
    expect(
        location == "/new",
        Said(
            f"move: Location should be '/new', and the client got `{location!r}`.",
            f"move: 올바른 Location은 '/new'인데 클라이언트가 받은 값은 `{location!r}`입니다.",
        ),
        location,
        "/new",
    )


def _same(name: str, got: bytes, body: bytes) -> None:
    expect(
        len(got) == len(body),
        Said(
            f"{name}: {len(body)} bytes were wanted and {len(got)} came.",
            f"{name}: {len(body)}바이트가 와야 하는데 {len(got)}바이트가 왔습니다.",
        ),
        got,
        body,
    )
    expect(
        got == body,
        Said(
            f"{name}: `{body!r}` was wanted and `{got!r}` came.",
            f"{name}: `{body!r}` 응답이 와야 하는데 온 것은 `{got!r}`입니다.",
        ),
        got,
        body,
    )


def _one_by_one(tap) -> None:
    """count, which was asked for last, gave each line as a piece of its own."""
    events = tap.upstream.events().last
    pieces = [event.data for event in events if event.name in ("yield", "write") and event.data]
    expect(
        pieces == LINES,
        Said(
            f"count: one piece at a time was asked for, `{LINES}`; the server got `{pieces}`.",
            f"count: `{LINES}`처럼 한 조각씩 내보내야 하는데 서버가 받은 조각은 `{pieces}`입니다.",
        ),
        pieces,
        LINES,
    )
