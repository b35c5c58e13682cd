"""The check of upload: the digest is right, the pieces are let go, and a client may hang up midway."""

import hashlib
import socket

import httpx

from .. import expect
from .servers import ask, expect_of, on_both, said, serving, trouble

MEGABYTE = 1 << 20
SENT, ALLOWED = 48, 20  # megabytes: what is uploaded, and by how much the process may grow meanwhile
PATIENCE = 15  # seconds that a client waits for the digest: busy machines took more than 3


@on_both
def upload(bench, program):
    """Uploads 300,000 bytes and compares the digest, then 48 MB and looks at the memory; then one hangs up midway."""
    with serving(bench, program, "digest_app.py") as server:
        small = bytes(range(250)) * 1200
        _judge_digest(server, program, ask(server, "POST", "/?small", small), small)
        _judge_memory(server, program)
        if program == "uvicorn":  # daphne does not call the app before the upload is complete
            _judge_hanging_up(server, program)
    return (
        f"On uvicorn and on daphne: the digest of {SENT} MB is right, and your app kept less than {ALLOWED} MB of it.",
        f"uvicorn과 daphne 모두에서 {SENT} MB의 해시가 맞고, 앱이 들고 있던 것은 {ALLOWED} MB 미만입니다.",
    )


def _judge_digest(server, program: str, answer: httpx.Response | None, body: bytes) -> None:
    """Names the first event that went wrong in the upload of the body."""
    advice, advice_ko = _advice(server)
    expect_of(
        server,
        answer is not None,
        f"{program}: the upload was never answered. {advice}",
        f"{program}: 업로드에 응답이 없습니다. {advice_ko}",
    )
    expect_of(
        server,
        answer.is_success,
        f"{program} answered {answer.status_code}: your app failed or returned without an answer.",
        f"{program} 서버의 응답은 {answer.status_code}입니다. 앱에서 예외가 났거나 앱이 응답 없이 반환했습니다.",
    )
    got = answer.text.strip().lower()
    pieces = [event.data.get("body", b"") for event in server.events() if event.name == "http.request"]
    for what, what_ko, part in _parts(pieces) if pieces else ():
        expect(
            part == body or got != hashlib.sha256(part).hexdigest(),
            f"{program}: this is the digest of {what} ({len(part):,} of {len(body):,} bytes). Go on while more_body is "
            "True, with one hash for all; the event whose more_body is False has a body too.",
            f"{program}: {what_ko} 해시입니다({len(body):,}바이트 중 {len(part):,}바이트). more_body가 True인 동안 "
            "같은 해시에 계속 넣으세요. more_body가 False인 이벤트에도 본문이 들어 있습니다.",
        )
    expect(
        got == hashlib.sha256(body).hexdigest(),
        f"{program}: the body of the answer is not the SHA-256 of the upload in hex: it begins {got[:12]!r}.",
        f"{program}: 응답 본문이 업로드의 SHA-256 hex 문자열이 아닙니다. 본문의 앞부분: {got[:12]!r}",
    )


def _advice(server) -> tuple[str, str]:
    """What helps when no answer came: it depends on what the learner's code raised, if anything."""
    raised, _ = trouble(server)
    if "TypeError" in raised:
        return (
            "Are the body and each header's name and value bytes?",
            "본문, 그리고 헤더의 이름과 값이 모두 bytes인가요?",
        )
    if raised:
        return "", ""
    return (
        "Did every path of your app send http.response.start and http.response.body, and does it stop receiving when "
        "more_body is False?",
        "앱의 모든 분기에서 http.response.start와 http.response.body를 보내나요? "
        "more_body가 False이면 receive() 호출을 멈추나요?",
    )


def _parts(pieces: list[bytes]) -> tuple[tuple[str, str, bytes], ...]:
    """The parts of an upload that are often taken for all of it, each with its name in both languages."""
    return (
        ("all but the last http.request", "마지막 http.request를 뺀 나머지의", b"".join(pieces[:-1])),
        ("the first http.request alone", "첫 http.request만의", pieces[0]),
        ("the last http.request alone", "마지막 http.request만의", pieces[-1]),
    )


def _judge_memory(server, program: str) -> None:
    """The digest of 48 MB must be right, and no more memory be taken than by an app that throws each piece away."""
    piece = b"x" * 65536  # printable: quick to write down, should the learner record the app
    # daphne puts the whole upload into a queue before the app sees any of it: that is not the learner's doing.
    before = _peak(program, ask(server, "POST", "/?discard", (piece for _ in range(SENT * 16)), PATIENCE))
    answer = ask(server, "POST", "/", (piece for _ in range(SENT * 16)), PATIENCE)
    expect_of(
        server,
        answer is not None and answer.is_success,
        f"{program}: {SENT} MB, sent in chunks without Content-Length, got no digest in {PATIENCE} s.",
        f"{program}: Content-Length 없이 청크로 {SENT} MB를 업로드했지만 {PATIENCE}초 안에 해시를 받지 못했습니다.",
    )
    expect(
        answer.text.strip().lower() == hashlib.sha256(b"x" * (SENT * MEGABYTE)).hexdigest(),
        f"{program}: the first digest was right, but that of {SENT} MB, sent next in chunks without Content-Length, is "
        "wrong. Begin each upload with a new hash, and end it only when more_body is False.",
        f"{program}: 첫 번째 해시는 맞지만, 이어서 Content-Length 없이 청크로 업로드한 {SENT} MB의 해시는 틀렸습니다. "
        "업로드마다 해시 객체를 새로 만들고, more_body가 False일 때만 끝내세요.",
    )
    grown = (_peak(program, ask(server, "GET", "/", timeout=5)) - before) // MEGABYTE
    expect(
        grown <= ALLOWED,
        f"{program}: {SENT} MB were uploaded, and the process took over {ALLOWED} MB more than for an app that "
        "throws each piece away: the pieces are kept. Feed each http.request to the hash and let it go.",
        f"{program}: {SENT} MB를 받는 동안, 조각을 버리기만 하는 앱보다 메모리를 {ALLOWED} MB 넘게 더 썼습니다. "
        "조각을 모아 두고 있기 때문입니다. http.request가 올 때마다 해시에 넣고 버리세요.",
    )


def _peak(program: str, answer: httpx.Response | None) -> int:
    """The memory (bytes) that the exercise's app reported."""
    expect(
        answer is not None,
        f"{program} stopped answering after your app had run: does it block the event loop?",
        f"앱이 실행된 뒤로 {program} 서버가 응답하지 않습니다. 앱이 이벤트 루프를 막고 있지 않나요?",
    )
    return int(answer.text)


def _judge_hanging_up(server, program: str) -> None:
    """When a client hangs up midway the server must go on answering others."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=1) as client:
        client.sendall(b"POST / HTTP/1.1\r\nHost: bench\r\nContent-Length: 8\r\n\r\nhalf")
    said(server, "a client has left")
    expect(
        ask(server, "GET", "/", timeout=3) is not None,
        f"{program}: a client hung up midway through its upload, and since then the server answers nobody. From then "
        "on receive() brings http.disconnect at once, every time: end the loop when it comes.",
        f"{program}: 클라이언트 하나가 업로드 도중에 연결을 끊은 뒤로 서버가 누구에게도 응답하지 않습니다. 그때부터 "
        "receive()는 기다리지 않고 http.disconnect만 계속 반환합니다. 이 이벤트를 받으면 루프를 끝내세요.",
    )
