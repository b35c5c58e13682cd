"""The check of upload: the digest is right, the pieces are let go, and a client may hang up midway."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

from ...errors import Said
from ...waiting import until
from .. import expect
from ..asgi import expect_of, on_both, trouble
from ..drive import SILENCE, Answer, ask, chunked, connect, judged, said

PROGRAM = Path(__file__).with_name("digest_app.py")
MEGABYTE = 1 << 20
SENT, ALLOWED = 48, 20  # megabytes: what is uploaded, and by how much the process may grow meanwhile
PATIENCE = 15  # seconds that a client waits for the digest: busy machines took more than 3
PIECES = [bytes([number]) * 10_000 for number in b"bytes"]  # of the small upload
SMALL = b"".join(PIECES)
CHUNKED = {"Transfer-Encoding": "chunked"}


@on_both("upload.py", PROGRAM)
def upload(tap, program):
    """Uploads 50,000 bytes and compares the digest, then 48 MB and looks at the memory; then one hangs up midway."""
    with judged(tap):
        length = {"Content-Length": str(len(SMALL))}
        _judge_digest(tap, program, ask(tap, "POST /?small", length, _one_by_one(tap, program)))
    with judged(tap):
        _judge_memory(tap, program)
    if program == "uvicorn":  # daphne does not call the app before the upload is complete
        with judged(tap):
            _judge_hanging_up(tap, program)
    return Said(
        f"On uvicorn and on daphne: the digest of {SENT} MB is right, and your app kept less than {ALLOWED} MB "
        "of the upload.",
        f"uvicorn과 daphne 모두에서 {SENT} MB의 해시가 맞고, 앱이 들고 있던 것은 {ALLOWED} MB 미만입니다.",
    )


def _one_by_one(tap, program: str) -> Iterator[bytes]:
    """The pieces of the small upload, each once the app has received the one before, as long as the app goes on."""
    for number, piece in enumerate(PIECES):
        # daphne waits for the whole body before it calls the app.
        if program == "uvicorn" and number:
            log = until(lambda n=number: _goes_on(tap.upstream.log(), n), SILENCE)
            if not log or "the call is over" in log:
                return
        yield piece


def _goes_on(log: str, number: int) -> str:
    """The log, once the app has received so many pieces, or has ended."""
    return log if log.count("brought http.request") >= number or "the call is over" in log else ""


def _digest(answer: Answer) -> str:
    return answer.body.decode(errors="replace").strip().lower()


def _judge_digest(tap, program: str, answer: Answer) -> None:
    """Names the first event that went wrong in the small upload."""
    never = Said(f"{program}: the upload was never answered.", f"{program}: 업로드에 응답이 없습니다.")
    advice = _advice(tap)
    expect_of(tap, answer.whole, never + advice if advice else never, answer.fault or answer.status, "200 OK")
    expect_of(tap, answer.code == 200, _why_not_200(tap, program, answer), answer.status, "200 OK")
    wanted = hashlib.sha256(SMALL).hexdigest()
    expect(
        answer.body != hashlib.sha256(SMALL).digest(),
        Said(
            f"{program}: these are the bytes of the digest themselves, as digest() returns them. Send them in hex, as "
            "hexdigest() does.",
            f"{program}: digest()가 반환하는 해시의 바이트 그대로입니다. hexdigest()로 구한 hex 문자열을 보내세요.",
        ),
        answer.body,
        wanted.encode(),
    )
    events = tap.upstream.events().only("http")
    lengths = [len(event.data.get("body", b"")) for event in events if event.name == "http.request"]
    for what, part in _parts(lengths) if lengths else ():
        expect(
            part == SMALL or _digest(answer) != hashlib.sha256(part).hexdigest(),
            Said(
                f"{program}: this is the digest of {what.en} ({len(part):,} of {len(SMALL):,} bytes). Keep feeding "
                "the same hash while more_body is True; the event whose more_body is False has a body too.",
                f"{program}: {what.ko} 해시입니다({len(SMALL):,}바이트 중 {len(part):,}바이트). more_body가 True인 "
                "동안 같은 해시에 계속 넣으세요. more_body가 False인 이벤트에도 본문이 들어 있습니다.",
            ),
            _digest(answer),
            wanted,
        )
    expect(
        _digest(answer) == wanted,
        Said(
            f"{program}: the body of the answer is not the SHA-256 of the upload in hex.",
            f"{program}: 응답 본문이 업로드의 SHA-256 hex 문자열이 아닙니다.",
        ),
        _digest(answer),
        wanted,
    )


def _why_not_200(tap, program: str, answer: Answer) -> Said:
    """Who chose the other status: the learner's app, or the server in its place."""
    starts = [event for event in tap.upstream.events().only("http") if event.name == "http.response.start"]
    if any(event.data.get("status") == answer.code for event in starts):
        return Said(
            f"{program}: your app sent the status {answer.code}. Send 200.",
            f"{program}: 앱이 상태 코드 {answer.code}를 보냈습니다. 200을 보내세요.",
        )
    answered = Said(f"{program} answered {answer.code}.", f"{program} 서버의 응답은 {answer.code}입니다.")
    if trouble(tap):
        return answered
    return answered + Said(
        "Your app returned without sending an answer: send http.response.start, then http.response.body.",
        "앱이 아무것도 보내지 않고 반환했습니다. http.response.start와 http.response.body를 차례로 보내세요.",
    )


def _advice(tap) -> Said | None:
    """What helps when no answer came: it depends on what the learner's code raised, if anything."""
    raised = trouble(tap)
    if raised and "unpack" in raised.en:
        return Said(
            "headers is a list of pairs, each of a name and a value.",
            "headers는 이름과 값의 쌍을 담은 리스트입니다.",
        )
    if raised and "TypeError" in raised.en:
        return Said(
            "Are the body, and each header's name and value, all bytes?",
            "본문, 그리고 헤더의 이름과 값이 모두 bytes인가요?",
        )
    if raised:
        return None
    return Said(
        "Does every branch of your app send http.response.start and http.response.body, and does the app stop "
        "receiving when more_body is False?",
        "앱의 모든 분기에서 http.response.start와 http.response.body를 보내나요? "
        "more_body가 False이면 receive() 호출을 멈추나요?",
    )


def _parts(lengths: list[int]) -> tuple[tuple[Said, bytes], ...]:
    """The parts of the small upload that are often taken for all of it, told from the lengths of its http.request."""
    last = sum(lengths[:-1])
    return (
        (Said("all but the last http.request", "마지막 http.request를 뺀 나머지의"), SMALL[:last]),
        (Said("the first http.request alone", "첫 http.request만의"), SMALL[: lengths[0]]),
        (Said("the last http.request alone", "마지막 http.request만의"), SMALL[last : sum(lengths)]),
    )


def _megabytes() -> Iterator[bytes]:
    """The large upload in chunks of 1 MB: printable, quick to write down, should the learner record the app."""
    return chunked(b"x" * MEGABYTE for _ in range(SENT))


def _judge_memory(tap, program: str) -> None:
    """The digest of 48 MB must be right, and no more memory be taken than by an app that throws each piece away."""
    # daphne puts the whole upload into a queue before the app sees any of it: that is not the learner's doing.
    before = _peak(program, ask(tap, "POST /?discard", CHUNKED, _megabytes(), timeout=PATIENCE))
    answer = ask(tap, "POST /", CHUNKED, _megabytes(), timeout=PATIENCE)
    late = Said("", "") if answer.whole else Said(f" in {PATIENCE} s", f" {PATIENCE}초 안에")
    expect_of(
        tap,
        answer.whole and answer.code == 200,
        Said(
            f"{program}: {SENT} MB, sent in chunks without Content-Length, got no digest{late.en}. more_body, not a "
            "header, says where the body ends.",
            f"{program}: Content-Length 없이 청크로 {SENT} MB를 업로드했지만{late.ko} 해시를 받지 못했습니다. 본문의 "
            "끝은 헤더가 아니라 more_body가 알려 줍니다.",
        ),
        answer.status,
        "200 OK",
    )
    wanted = hashlib.sha256(b"x" * (SENT * MEGABYTE)).hexdigest()
    expect(
        _digest(answer) == wanted,
        Said(
            f"{program}: the first digest was right, but that of {SENT} MB, sent next in chunks without "
            "Content-Length, is wrong. Begin each upload with a new hash, and end it only when more_body is False.",
            f"{program}: 첫 번째 해시는 맞지만, 이어서 Content-Length 없이 청크로 업로드한 {SENT} MB의 해시는 "
            "틀렸습니다. 업로드마다 해시 객체를 새로 만들고, more_body가 False일 때만 끝내세요.",
        ),
        _digest(answer),
        wanted,
    )
    grown = (_peak(program, ask(tap, "GET /", timeout=5)) - before) // MEGABYTE
    expect(
        grown <= ALLOWED,
        Said(
            f"{program}: {SENT} MB were uploaded, and the process used over {ALLOWED} MB more than with an app that "
            "throws each piece away: the pieces are kept. Feed each http.request to the hash and let it go.",
            f"{program}: {SENT} MB를 받는 동안, 조각을 버리기만 하는 앱보다 메모리를 {ALLOWED} MB 넘게 더 썼습니다. "
            "조각을 모아 두고 있기 때문입니다. http.request가 올 때마다 해시에 넣고 버리세요.",
        ),
    )


def _peak(program: str, answer: Answer) -> int:
    """The memory (bytes) that the exercise's app reported."""
    expect(
        answer.body,
        Said(
            f"{program} stopped answering after your app had run: does your app block the event loop?",
            f"앱이 실행된 뒤로 {program} 서버가 응답하지 않습니다. 앱이 이벤트 루프를 막고 있지 않나요?",
        ),
        answer.status,
        "200 OK",
    )
    return int(answer.body)


def _judge_hanging_up(tap, program: str) -> None:
    """When a client hangs up midway the server must go on answering others, and the app return, without an error."""
    before = tap.upstream.log().count("the call is over")
    with connect(tap, "POST /", {"Content-Length": "8"}, b"half"):
        pass
    said(tap, "a client has left")
    answer = ask(tap, "GET /", timeout=3)
    expect(
        answer.code,
        Said(
            f"{program}: a client hung up midway through its upload, and since then the server has answered nobody. "
            "From then on receive() returns http.disconnect at once, every time: end the loop when it comes.",
            f"{program}: 클라이언트 하나가 업로드 도중에 연결을 끊은 뒤로 서버가 누구에게도 응답하지 않습니다. "
            "그때부터 receive()는 기다리지 않고 http.disconnect만 계속 반환합니다. 이 이벤트를 받으면 루프를 끝내세요.",
        ),
        answer.status,
        "200 OK",
    )
    over = said(tap, "the call is over", count=before + 1)
    expect_of(
        tap,
        not trouble(tap),
        Said(
            f"{program}: this happened when a client hung up midway through its upload. The event is then "
            "http.disconnect, which has neither body nor more_body. End the loop when it comes, and return: an "
            "exception leaves an error in the server's log.",
            f"{program}: 클라이언트 하나가 업로드 도중에 연결을 끊었을 때입니다. 이때 오는 이벤트는 "
            "http.disconnect이며, body도 more_body도 들어 있지 않습니다. 이 이벤트를 받으면 루프를 끝내고 "
            "반환하세요. 예외를 일으키면 서버 로그에 오류로 남습니다.",
        ),
    )
    expect(
        over,
        Said(
            f"{program}: a client hung up midway through its upload, and {SILENCE} s later your app had not returned. "
            "End the loop when http.disconnect comes.",
            f"{program}: 클라이언트 하나가 업로드 도중에 연결을 끊고 {SILENCE}초가 지났는데도 앱이 반환하지 "
            "않았습니다. http.disconnect를 받으면 루프를 끝내세요.",
        ),
    )
    expect(
        "sent after http.disconnect" not in tap.upstream.log(),
        Said(
            f"{program}: a client hung up midway through its upload, and your app answered it all the same, with the "
            "digest of half the upload. When http.disconnect comes, return.",
            f"{program}: 클라이언트 하나가 업로드 도중에 연결을 끊었는데도 앱이 그때까지 받은 조각만으로 해시를 구해 "
            "응답했습니다. http.disconnect를 받으면 바로 반환하세요.",
        ),
    )
