"""The check of forms.py: bodies by length and in chunks, none at all, a length that lies, a server without help."""

import ast

from .. import exercise, expect
from .client import ask, serve, status

FIELDS = b"name=Ad%C3%A9&tea=green"
WANTED = {"name": "Adé", "tea": "green"}
LIKE_WSGIREF = [  # the query, what form() should return, and the environ in words
    ("CONTENT_LENGTH=", {}, "CONTENT_LENGTH ''", "CONTENT_LENGTH ''"),
    ("CONTENT_LENGTH=5", {"tea": "1"}, "CONTENT_LENGTH '5'", "CONTENT_LENGTH '5'"),
    ("", {}, "no CONTENT_LENGTH", "CONTENT_LENGTH 없음"),
    (
        "HTTP_TRANSFER_ENCODING=chunked",
        {},
        "HTTP_TRANSFER_ENCODING 'chunked', no CONTENT_LENGTH",
        "HTTP_TRANSFER_ENCODING 'chunked', CONTENT_LENGTH 없음",
    ),
]


@exercise
def form(bench):
    """Drives forms.py: by length, in chunks, without a body, with a length that lies, and without gunicorn."""
    server = serve(bench, "forms_app.py")
    try:
        _by_length(server)
        _in_chunks(server)
        _returned(_said(server, b"\r\n"), "no length, no chunks", {}, "길이도 청크도 없음")
        _liar(server)
        _without_gunicorn(server)
    finally:
        server.stop(grace=0.2)
    return (
        "Length, chunks, neither, and a lie: your reader takes what is there and waits for nothing else.",
        "길이가 있든, 청크로 오든, 둘 다 없든, 길이가 거짓이든 온 것만 읽고 더 기다리지 않습니다.",
    )


def _by_length(server) -> None:
    said = _said(server, b"Content-Length: %d\r\n\r\n" % len(FIELDS) + FIELDS)
    _returned(said, f"Content-Length: {len(FIELDS)}, {FIELDS.decode()}", WANTED)


def _in_chunks(server) -> None:
    """Two chunks, and in them a + and an escaped &."""
    parts = b"name=Ada+%26", b"+Bo&tea=green", b""
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts)
    said = _said(server, b"Transfer-Encoding: chunked\r\n\r\n" + chunks)
    wanted = {"name": "Ada & Bo", "tea": "green"}
    _returned(said, f"Transfer-Encoding: chunked, {b''.join(parts).decode()}", wanted)


def _liar(server) -> None:
    said = _said(server, b"Content-Length: 100\r\n\r\n" + FIELDS, half_close=True)
    en, ko = _in_words(said)
    expect(
        said.startswith("refused "),
        f"{en}. But the length said 100 and {len(FIELDS)} bytes came ({FIELDS.decode()}): "
        "raise ValueError when read() brings less than was promised.",
        f"{ko} 그런데 길이는 100이라고 알렸고 온 것은 {len(FIELDS)}바이트입니다({FIELDS.decode()}). "
        "read()가 알린 길이보다 적게 반환하면 ValueError를 일으키세요.",
    )


def _without_gunicorn(server) -> None:
    for query, wanted, en, ko in LIKE_WSGIREF:
        _returned(
            _said(server, b"\r\n", f"POST /wsgiref?{query}"),
            f"{en}, no wsgi.input_terminated, as under wsgiref",
            wanted,
            f"{ko}, wsgi.input_terminated 없음(wsgiref와 같은 조건)",
        )


def _said(server, rest: bytes, head: str = "POST /", half_close: bool = False) -> str:
    """What came of form(), as forms_app.py says it, or the server's status."""
    answer = ask(server, head, b"Content-Type: application/x-www-form-urlencoded\r\n" + rest, half_close)
    if answer.startswith(b"HTTP/1.1 200"):
        return answer.partition(b"\r\n\r\n")[2].decode(errors="replace")
    return status(answer)


def _in_words(said: str) -> tuple[str, str]:
    """The same as the beginning of a sentence about form(), in both languages."""
    how, _, what = said.partition(" ")
    if how == "returned":
        return f"Your form() returned {what}", f"form()의 반환값이 {what}입니다."
    if how in ("refused", "raised"):
        return f"Your form() raised {what}", f"form()에서 {what} 예외가 났습니다."
    if how == "overrun":
        return (
            f"Your form() made a {what} past the body, which may wait for ever on such a server",
            f"form()이 본문 끝을 넘어 읽었습니다. 이런 서버에서는 그 {what} 호출이 영원히 끝나지 않을 수 있습니다.",
        )
    if said == "no answer":
        return "Your form() did not return", "form()이 반환하지 않았습니다."
    return f"The client got {said} and nothing of form()", f"form()의 결과 대신 {said} 응답이 왔습니다."


def _returned(said: str, sent: str, wanted: dict, sent_ko: str = "") -> None:
    """Expects that form() returned what was wanted."""
    try:
        right = said.startswith("returned ") and ast.literal_eval(said.removeprefix("returned ")) == wanted
    except (ValueError, SyntaxError):
        right = False
    en, ko = _in_words(said)
    expect(
        right,
        f"{en}. What was sent: {sent}. It should return {wanted}.",
        f"{ko} 보낸 것: {sent_ko or sent}. 올바른 반환값은 {wanted}입니다.",
    )
