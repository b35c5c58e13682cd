"""The check of forms.py: bodies by length and in chunks, none at all, a length that lies, a server without help."""

import ast
from pathlib import Path

from ...errors import Said
from .. import exercise, expect
from ..drive import ask, chunked, judged, serving, written
from ..gunicorn import GUNICORN

PROGRAM = Path(__file__).with_name("forms_app.py")
TYPE = {"Content-Type": "application/x-www-form-urlencoded"}
FIELDS = b"name=Ad%C3%A9&tea=green"
WANTED = {"name": "Adé", "tea": "green"}
LIKE_WSGIREF = [  # the query, what form() should return, and the environ in words
    ("CONTENT_LENGTH=", {}, Said("CONTENT_LENGTH ''", "CONTENT_LENGTH ''")),
    ("CONTENT_LENGTH=5", {"tea": "1"}, Said("CONTENT_LENGTH '5'", "CONTENT_LENGTH '5'")),
    ("", {}, Said("no CONTENT_LENGTH", "CONTENT_LENGTH 없음")),
    (
        "HTTP_TRANSFER_ENCODING=chunked",
        {},
        Said(
            "HTTP_TRANSFER_ENCODING 'chunked', no CONTENT_LENGTH",
            "HTTP_TRANSFER_ENCODING 'chunked', CONTENT_LENGTH 없음",
        ),
    ),
]


@exercise
def form(bench):
    """Drives forms.py: by length, in chunks, without a body, with a length that lies, and without gunicorn."""
    written(bench, "forms.py")
    with serving(bench, {"exercise.py": PROGRAM}) as serve:
        tap = serve(GUNICORN)
        for judge in (_by_length, _in_chunks, _nothing, _liar):
            with judged(tap):
                judge(tap)
        for case in LIKE_WSGIREF:
            with judged(tap):
                _without_gunicorn(tap, *case)
    return Said(
        "Length, chunks, neither, and a lie: your reader takes what is there and waits for nothing else.",
        "길이가 있든, 청크로 오든, 둘 다 없든, 길이가 거짓이든 온 것만 읽고 더 기다리지 않습니다.",
    )


def _by_length(tap) -> None:
    outcome = _outcome(tap, {"Content-Length": str(len(FIELDS))}, FIELDS)
    sent = f"`Content-Length: {len(FIELDS)}`, `{FIELDS.decode()}`"
    _returned(outcome, Said(sent, sent), WANTED)


def _in_chunks(tap) -> None:
    """Two chunks, and in them a + and an escaped &."""
    parts = b"name=Ada+%26", b"+Bo&tea=green"
    outcome = _outcome(tap, {"Transfer-Encoding": "chunked"}, b"".join(chunked(parts)))
    sent = f"`Transfer-Encoding: chunked`, `{b''.join(parts).decode()}`"
    _returned(outcome, Said(sent, sent), {"name": "Ada & Bo", "tea": "green"})


def _nothing(tap) -> None:
    _returned(_outcome(tap), Said("no length, no chunks", "길이도 청크도 없음"), {})


def _liar(tap) -> None:
    outcome = _outcome(tap, {"Content-Length": "100"}, FIELDS, half_close=True)
    expect(
        outcome.startswith("refused "),
        _in_words(outcome)
        + Said(
            f"But the length said 100 and {len(FIELDS)} bytes came (`{FIELDS.decode()}`): "
            "raise ValueError when read() returns less than was promised.",
            f"그런데 길이는 100이라고 알렸고 온 것은 {len(FIELDS)}바이트입니다(`{FIELDS.decode()}`). "
            "read()가 알린 길이보다 적게 반환하면 ValueError를 일으키세요.",
        ),
        _shown(outcome),
        "ValueError",
    )


def _without_gunicorn(tap, query: str, wanted: dict, environ: Said) -> None:
    sent = Said(
        f"{environ.en}, no wsgi.input_terminated (wsgiref has none either)",
        f"{environ.ko}, wsgi.input_terminated 없음(wsgiref에도 없음)",
    )
    _returned(_outcome(tap, head=f"POST /wsgiref?{query}"), sent, wanted)


def _outcome(tap, headers: dict | None = None, body: bytes = b"", *, head="POST /", half_close=False) -> str:
    """What came of form(), as forms_app.py says it, or the server's status."""
    answer = ask(tap, head, TYPE | (headers or {}), body, half_close=half_close)
    return answer.body.decode(errors="replace") if answer.code == 200 else answer.status


def _in_words(outcome: str) -> Said:
    """The same as a sentence about form()."""
    how, _, what = outcome.partition(" ")
    if how == "returned":
        return Said(f"Your form() returned `{what}`.", f"form()의 반환값이 `{what}`입니다.")
    if how in ("refused", "raised"):
        return Said(f"Your form() raised `{what}`.", f"form()에서 `{what}` 예외가 났습니다.")
    if how == "overrun":
        return Said(
            f"Your form() called {what} past the end of the body, which may wait for ever on such a server.",
            f"form()이 본문 끝을 넘어 읽었습니다. 이런 서버에서는 그 {what} 호출이 영원히 끝나지 않을 수 있습니다.",
        )
    if outcome == "no answer":
        return Said("Your form() did not return.", "form()이 반환하지 않았습니다.")
    return Said(f"The client got {outcome} and nothing from form().", f"form()의 결과 대신 {outcome} 응답이 왔습니다.")


def _shown(outcome: str) -> str:
    """What the picture shows of it."""
    how, _, what = outcome.partition(" ")
    return {"returned": what, "refused": f"raised {what}"}.get(how, outcome)


def _returned(outcome: str, sent: Said, wanted: dict) -> None:
    """Expects that form() returned what was wanted."""
    came = outcome.removeprefix("returned ")
    try:
        right = outcome.startswith("returned ") and ast.literal_eval(came) == wanted
    except (ValueError, SyntaxError):
        right = False
    expect(
        right,
        _in_words(outcome)
        + Said(
            f"What was sent: {sent.en}. form() should return `{wanted}`.",
            f"보낸 것: {sent.ko}. 올바른 반환값은 `{wanted}`입니다.",
        ),
        _shown(outcome),
        str(wanted),
    )
