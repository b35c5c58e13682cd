"""Exercise "streaming": events pass nginx one by one, over HTTP/1.0 and with buffering on; all else stays buffered."""

import os
import re
from pathlib import Path

from ...errors import Said
from ...waiting import until
from .. import exercise, expect
from ..drive import judged, serving, written
from ..gunicorn import last_error
from .listener import Listener

HERE = Path(__file__).parent
PATIENCE = 5  # seconds for a piece to leave the server
PIECES = ["one", "two", "three"]
COOKIES = [b"one=1", b"two=2"]
KINDS = {"/events": "text/event-stream", "/typed": "Text/Event-Stream; charset=utf-8", "/report": "text/plain"}
SERVERS = {"server", "date", "connection", "transfer-encoding", "content-type", "set-cookie"}  # not the middleware's


@exercise
def streaming(bench):
    """Puts nginx before an app behind the learner's middleware, and looks after each piece at what the client has."""
    written(bench, "streaming.py")
    with serving(bench, {"exercise.py": HERE / "exercise_feed.py"}, aloud=False) as serve:
        feed = serve("gunicorn exercise:app --threads 2", client="nginx")
        site = serve(site=(HERE / "held.conf.jinja").read_text("utf-8"), names={"feed": feed})
        for path, judge in (("/events", _streams), ("/typed", _streams), ("/report", _stays_buffered)):
            with judged(site, feed):
                heard, answer = _told(bench, site, feed, path)
                _whole(path, answer)
                judge(path, heard, feed)
    return Said(
        "Each event reached the client before the next was made, and the report stayed buffered.",
        "이벤트는 다음 이벤트가 만들어지기 전에 클라이언트에 도착했고, 보고서는 그대로 버퍼링되었습니다.",
    )


def _told(bench, site, feed, path: str):
    """What the client had heard after each of the words, and its whole answer."""
    go = Path(bench.folder, "exercise-go")
    go.unlink(missing_ok=True)
    os.mkfifo(go)
    word = os.open(go, os.O_RDWR)  # for reading too: so neither side waits for the other to open it
    heard = []
    try:
        with Listener(site, path) as client:
            for piece in PIECES:
                os.write(word, b"go on\n")
                _crosses(feed, path, piece)
                heard.append(client.heard())
            os.write(word, b"that was all\n")
            client.rest()
            return heard, client.answer
    finally:
        os.close(word)


def _crosses(feed, path: str, piece: str) -> None:
    """Returns once the piece has left the server for nginx."""
    crossed = until(lambda: piece.encode() in feed.bytes("←") or last_error(feed), PATIENCE)
    if error := last_error(feed):
        expect(
            False,
            Said(f"{path}: your code raised `{error}`.", f"{path}: 작성한 코드에서 `{error}` 예외가 났습니다."),
        )
    expect(
        crossed,
        Said(
            f"{path}: the app was told to send {piece!r}, and nothing left the server: your middleware keeps it. "
            "Pass each piece on as it comes.",
            f"{path}: 앱이 {piece!r} 조각을 내보냈는데 서버 밖으로 나가지 않았습니다. "
            "미들웨어가 조각을 모으고 있습니다. 조각은 받는 즉시 넘기세요.",
        ),
    )


def _whole(path: str, answer) -> None:
    """The answer must be the app's own, headers and body."""
    expect(
        answer.code,
        Said(
            f"{path}: what the client got has no status. Does your function call the server's `start_response`?",
            f"{path}: 클라이언트가 받은 응답에 상태가 없습니다. 직접 만든 함수에서 서버의 `start_response`를 "
            "호출하나요?",
        ),
    )
    expect(
        answer.status == "200 Fine" and answer.whole,
        Said(
            f"{path}: the client got {answer.status}, and not the app's whole answer, which begins with 200 Fine.",
            f"{path}: 클라이언트가 받은 것은 {answer.status}이고, 200 Fine으로 시작하는 앱의 응답이 온전하지 않습니다.",
        ),
        answer.status,
        "200 Fine",
    )
    cookies = re.findall(rb"(?im)^set-cookie: (.*)\r$", answer.raw)
    expect(
        cookies == COOKIES,
        Said(
            f"{path}: the app set two cookies, and the client did not get both. "
            "Keep the headers in the list as they are.",
            f"{path}: 앱이 쿠키를 두 개 설정했는데 클라이언트에 다 도착하지 않았습니다. "
            "헤더 리스트에 있던 항목은 그대로 두세요.",
        ),
        cookies,
        COOKIES,
    )
    kind = answer.header("Content-Type")
    expect(
        kind == KINDS[path],
        Said(
            f"{path}: the app's Content-Type did not reach the client as it was. "
            "Look at it in lower case, and leave it as it is.",
            f"{path}: 앱의 Content-Type이 바뀌어 도착했습니다. 비교할 때만 소문자로 바꾸고 헤더는 그대로 두세요.",
        ),
        kind,
        KINDS[path],
    )


def _streams(path: str, heard: list[list[str]], feed) -> None:
    """Each piece must have reached the client before the app was told to go on."""
    kind, switch = KINDS[path], _switch(feed)
    if switch is None and (added := _added(feed)):
        en = f"What your middleware adds ({added}) is not what nginx looks for."
        ko = f"미들웨어가 붙인 헤더({added})를 보고 nginx가 버퍼링을 끄지는 않습니다."
    elif switch is None:
        en, ko = "The answer has only the app's headers and gunicorn's.", "응답에는 앱과 gunicorn의 헤더밖에 없습니다."
    else:
        en = f"The answer says X-Accel-Buffering: {switch}; nginx knows yes and no."
        ko = f"응답에 X-Accel-Buffering: {switch} 헤더가 있습니다. nginx가 인식하는 값은 yes와 no뿐입니다."
    expect(
        heard == [[piece] for piece in PIECES],
        Said(
            f"{path} ({kind}): nginx had each piece right away, but passed them on only at the end. {en}",
            f"{path}({kind}): nginx는 조각을 나오는 대로 받았지만 끝에 가서야 한꺼번에 넘겼습니다. {ko}",
        ),
        heard,
        [[piece] for piece in PIECES],
    )


def _stays_buffered(path: str, heard: list[list[str]], feed) -> None:
    """Nothing of an answer that is no stream of events may have come before its end, and nothing be said to nginx."""
    switch = _switch(feed)
    expect(
        switch is None,
        Said(
            f"{path} is text/plain, and its answer has X-Accel-Buffering: {switch} too. "
            "Add it to text/event-stream only.",
            f"{path} 응답은 text/plain인데 여기에도 X-Accel-Buffering: {switch} 헤더가 붙었습니다. "
            "text/event-stream에만 붙이세요.",
        ),
    )
    expect(
        not any(heard),
        Said(
            f"{path} is text/plain, and nginx passed it on piece by piece. Leave it as the app made it.",
            f"{path} 응답은 text/plain인데 nginx가 조각마다 넘겼습니다. 앱이 만든 그대로 두세요.",
        ),
        heard,
        [[], [], []],
    )


def _switch(feed) -> str | None:
    """What the answer that crossed last told nginx of buffering; None if nothing."""
    found = re.search(rb"(?im)^x-accel-buffering: (.*)\r$", feed.bytes("←"))
    return found[1].decode("latin-1") if found else None


def _added(feed) -> str:
    """The names of the headers of the answer that are neither the app's nor the server's."""
    head, _, _ = feed.bytes("←").partition(b"\r\n\r\n")
    names = [line.partition(":")[0] for line in head.decode("latin-1").split("\r\n")[1:]]
    return ", ".join(name for name in names if name.lower() not in SERVERS)
