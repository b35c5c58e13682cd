"""Exercise "alive": a WebSocket on which nobody says anything outlives nginx's timeout ten times over."""

import contextlib
import re
import time
from pathlib import Path

from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException
from websockets.sync.client import ClientConnection, connect

from ...errors import Said
from ...waiting import until
from .. import UNSAID, exercise, expect
from ..drive import judged, said, serving, written
from ..gunicorn import last_error
from ..trouble import code_raised

HERE = Path(__file__).parent
TIMEOUT, TIMES = 1.0, 10  # seconds of nginx's timeout, as in idle.conf.jinja, and how many of them
PATIENCE = 5  # seconds for an echo
MOST = 10  # heartbeats a timeout, on average
LISTENED = 3  # timeouts in which a heartbeat that is merely late comes
BEAT = "beat"
TOO_LATE = 504  # nginx's status for an upstream that does not answer in time
BLOCKED = Said(
    "A handshake was not answered: your code does not accept it, or blocks the event loop.",
    "핸드셰이크에 응답이 없었습니다. 작성한 코드가 웹소켓을 수락하지 않거나 이벤트 루프를 막고 있습니다.",
)
KNOWN = ("websocket.accept", "websocket.send", "websocket.close")


@exercise
def alive(bench):
    """Opens a WebSocket through nginx, speaks, keeps silent for ten timeouts, speaks again, and closes it."""
    written(bench, "alive.py")
    with serving(bench, {"exercise.py": HERE / "exercise_room.py"}, aloud=False) as serve:
        room = serve("gunicorn exercise:app -k asgi", client="nginx")
        site = serve(site=(HERE / "idle.conf.jinja").read_text("utf-8"), names={"room": room})
        with judged(site, room):
            _lives(site, room)
            _ends(room)
    return Said(
        f"Silent for {TIMES} times the timeout, the WebSocket still answers; and nothing runs on after its end.",
        f"제한 시간의 {TIMES}배 동안 조용했던 웹소켓이 여전히 응답하고, 연결이 끝난 뒤에는 아무것도 남지 않습니다.",
    )


def _lives(site, room) -> None:
    """A client that is silent for ten timeouts has an open WebSocket, and others are served meanwhile."""
    try:
        _another(site, room, "first", Said("at the beginning", "처음에"))
        with _opened(site, "/") as ws:
            _beats(ws, site, room, TIMES // 2)
            _another(site, room, "second", Said("while another was silent", "다른 클라이언트가 조용히 있는 동안"))
            _beats(ws, site, room, TIMES - TIMES // 2)
            _echoes(ws, room, "third", Said("after the silence", "조용히 있은 뒤에"))
    except InvalidStatus as refused:
        expect(refused.response.status_code != TOO_LATE, BLOCKED)
        _broken(room, refused)
    except TimeoutError:
        expect(False, BLOCKED)
    except (WebSocketException, OSError) as error:
        _broken(room, error)


def _broken(room, error: Exception) -> None:
    """Says what became of the WebSocket."""
    _expect(
        False,
        room,
        Said(f"The WebSocket does not open, or breaks: {error}.", f"웹소켓이 열리지 않거나 도중에 끊깁니다({error})."),
    )


def _opened(site, path: str) -> ClientConnection:
    """A WebSocket. Where the machine is busy the server's 101 may be too late for nginx: then it is asked again."""
    end = time.monotonic() + PATIENCE
    while True:
        try:
            return connect(f"{site.ws_url}{path}", compression=None, ping_interval=None, open_timeout=PATIENCE)
        except InvalidStatus as refused:
            if refused.response.status_code != TOO_LATE or time.monotonic() > end:
                raise


def _another(site, room, text: str, when: Said) -> None:
    """Another client, on which nginx has more patience, is answered."""
    with _opened(site, "/patient") as ws:
        _echoes(ws, room, text, when)


def _echoes(ws: ClientConnection, room, text: str, when: Said) -> None:
    """Whatever the client says comes back, among heartbeats."""
    ws.send(text)
    end, came, nothing = time.monotonic() + PATIENCE, "", "nothing"
    try:
        while (came := ws.recv(timeout=end - time.monotonic())) == BEAT:
            nothing = f"nothing but {BEAT}"
    except TimeoutError:
        came = nothing
    except ConnectionClosed as closed:
        came = str(closed)
    if came != text:
        why = _deaf(room, ws.request.path, text)
        _expect(
            False,
            room,
            Said(
                f"The client said {text!r} {when.en}, and no echo came. {why.en}",
                f"{when.ko} 클라이언트가 {text!r} 메시지를 보냈는데 되돌아오지 않았습니다. {why.ko}",
            ),
            came,
            text,
        )


def _deaf(room, path: str, text: str) -> Said:
    """Why the client's message did not come back: how far the app of the last WebSocket at the path has got."""
    events = room.upstream.events().only("websocket")
    called = [event.exchange for event in events if event.name == "scope" and event.data["path"] == path]
    got = [event for event in events if event.exchange in called and event.way == "→" and event.name != "scope"]
    if any(event.name == "websocket.receive" and event.data.get("text") == text for event in got):
        return Said("The app received it, and did not send it back.", "앱은 메시지를 받고도 되돌려 보내지 않았습니다.")
    if not events.open.intersection(called[-1:]):
        return Said("The app had ended by then.", "앱은 그때 이미 끝나 있었습니다.")
    if len(re.findall(f"^asks at {path}$", room.upstream.log(), re.MULTILINE)) <= len(got):
        return Said(
            "The app does not wait in `receive()`: it must go on receiving while it sends heartbeats.",
            "앱이 `receive()`에서 기다리고 있지 않습니다. 하트비트를 보내는 동안에도 메시지를 계속 받아야 합니다.",
        )
    return Said(
        "The app waits in `receive()`, and the server does not get to hand the message over: "
        "something blocks the event loop.",
        "앱은 `receive()`에서 기다리는데 서버가 메시지를 넘길 틈이 없습니다. 무언가가 이벤트 루프를 막고 있습니다.",
    )


def _beats(ws: ClientConnection, site, room, timeouts: int) -> None:
    """The client says nothing for some timeouts, and hears nothing but heartbeats."""
    began, heard, most = time.monotonic(), 0, MOST * timeouts
    try:
        while (left := began + timeouts * TIMEOUT - time.monotonic()) > 0 and heard <= most:
            came = ws.recv(timeout=left)
            expect(
                came == BEAT,
                Said(
                    f"In the silence the client heard {came!r}. A heartbeat is the text {BEAT!r}.",
                    f"조용히 있던 클라이언트가 {came!r} 메시지를 받았습니다. 하트비트는 {BEAT!r} 텍스트입니다.",
                ),
                came,
                BEAT,
            )
            heard += 1
    except TimeoutError:
        pass
    except ConnectionClosed:
        _cut(site, room, heard)
    expect(
        heard <= most,
        Said(
            f"More than {most} heartbeats in less than {timeouts} timeouts: that is a flood. "
            "Two or three per timeout will do.",
            f"제한 시간의 {timeouts}배가 지나기도 전에 하트비트가 {most}번 넘게 왔습니다. "
            "제한 시간마다 두세 번이면 충분합니다.",
        ),
    )


def _cut(site, room, heard: int) -> None:
    """Says who ended the WebSocket in the silence, and after how many heartbeats."""
    timed_out = said(site, "timed out", timeout=1)
    if timed_out:
        by = Said(
            "nginx's log: upstream timed out. Nothing crossed for 1 s.",
            "nginx 로그에는 upstream timed out이 있습니다. 1초 동안 오간 데이터가 없었습니다.",
        )
    else:
        by = Said(
            "nginx's log has no timeout: the app ended the WebSocket.",
            "nginx 로그에 타임아웃이 없으니 앱이 끊은 것입니다.",
        )
    if unknown := _unknown(room):
        by = by + Said(f"ASGI has no event {unknown}.", f"ASGI에는 {unknown} 이벤트가 없습니다.")
    elif never := re.search(r"coroutine '(\w+)' was never awaited", room.upstream.log()):
        by = by + Said(
            f"gunicorn's log: coroutine {never[1]} was never awaited. A call makes the coroutine, and runs nothing.",
            f"gunicorn 로그에는 {never[1]} 코루틴을 await하지 않았다고 나옵니다. "
            "호출하면 코루틴이 만들어질 뿐 실행되지는 않습니다.",
        )
    elif timed_out:
        by = by + _habit(site, heard)
    _expect(
        False,
        room,
        Said(
            f"The WebSocket was cut in the silence; heartbeats until then: {heard}. {by.en}",
            f"조용히 있는 동안 웹소켓이 끊겼습니다. 그때까지 온 하트비트: {heard}번. {by.ko}",
        ),
    )


def _habit(site, heard: int) -> Said:
    """When the app's heartbeats come, told by a client on which nginx has more patience."""
    # An app that beats by itself, only too seldom, may have been in time now and then: it is listened to for longer.
    listened = heard + LISTENED
    with _opened(site, "/patient") as ws:
        late = _came(ws, listened, heard + 1) > heard
        with contextlib.suppress(ConnectionClosed):
            ws.send("are you there")
        answered = not late and _came(ws, LISTENED, 1)
    if late:
        return Said(
            "Where nginx is more patient, one more heartbeat came, but later than that: send them more often.",
            "nginx가 더 오래 기다리는 곳에서는 그보다 늦게 하나 더 왔습니다. 간격을 줄이세요.",
        )
    if answered:
        return Said(
            "Where nginx is more patient, one came only after the client had spoken: the app must not wait for that.",
            "nginx가 더 오래 기다리는 곳에서는 클라이언트가 말한 뒤에야 왔습니다. 말이 없어도 보내야 합니다.",
        )
    if heard:
        return Said(
            f"Where nginx is more patient, no further one came in {listened} s: does the app send any after that?",
            f"nginx가 더 오래 기다리는 곳에서도 {listened}초 동안 더 오지 않았습니다. 앱이 그 뒤에도 보내나요?",
        )
    return Said(
        f"Where nginx is more patient, none came in {LISTENED} s either: the app sends none, or sleeps for longer.",
        f"nginx가 더 오래 기다리는 곳에서도 {LISTENED}초 동안 오지 않았습니다. 앱이 보내지 않거나 더 오래 쉽니다.",
    )


def _came(ws: ClientConnection, timeouts: int, most: int) -> int:
    """How many heartbeats come while one listens, until so many have come."""
    end, count = time.monotonic() + timeouts * TIMEOUT, 0
    try:
        while count < most:
            count += ws.recv(timeout=end - time.monotonic()) == BEAT
    except (TimeoutError, ConnectionClosed):
        pass
    return count


def _unknown(room) -> str:
    """An event that the app sent and the specification does not have; nothing if all are known."""
    sent = [event.name for event in room.upstream.events() if event.way == "←" and event.name.startswith("websocket.")]
    return next((name for name in sent if name not in KNOWN), "")


def _ends(room) -> None:
    """Each call returns once its client has gone, and sends nothing more."""
    until(lambda: all(after[-1:] == ["return"] for after in _after(room)), 2 * TIMEOUT)
    time.sleep(TIMEOUT)  # long enough for a heartbeat that nobody stopped
    # Of one client alone it might not be seen: a heartbeat that comes just as the client closes ends by an exception.
    for after in _after(room):
        _expect(
            "return" in after and "websocket.send" not in after,
            room,
            Said(
                "The client closed, and the app still sends heartbeats or never returns. "
                "Stop the heartbeat in a `finally`.",
                "클라이언트가 닫았는데도 앱이 하트비트를 계속 보내거나 끝나지 않습니다. "
                "하트비트를 `finally`에서 멈추세요.",
            ),
            after,
            ["return"],
        )


def _after(room) -> list[list[str]]:
    """Of each call, the names of its events after it heard that its client had gone."""
    calls: dict[str, list[str]] = {}
    for event in room.upstream.events().only("websocket"):
        if event.name != "receive()":
            calls.setdefault(event.exchange, []).append(event.name)
    gone = "websocket.disconnect"
    return [names[names.index(gone) + 1 :] if gone in names else names for names in calls.values()]


def _expect(condition: object, room, said: Said, came: object = UNSAID, wanted: object = UNSAID) -> None:
    """expect() whose message begins with what the learner's code raised, if it raised."""
    if not condition and (error := last_error(room)):
        said = code_raised(error) + said
    expect(condition, said, came, wanted)
