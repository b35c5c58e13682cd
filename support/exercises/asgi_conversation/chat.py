"""The check of room: every member hears what one says, and the room survives those who leave."""

import re
import socket
from contextlib import ExitStack, suppress
from pathlib import Path

from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus

from ...errors import Said
from .. import expect
from ..asgi import expect_of, on_both, trouble
from ..drive import SILENCE, said
from ..websocket import connect

PROGRAM = Path(__file__).with_name("chat_app.py")
SILENT = Said(f"heard nothing for {SILENCE} s", f"{SILENCE}초 동안 아무것도 받지 못했습니다")
NOW = Said("", "")  # no member has left yet
CHO_LEFT = Said(" after cho left", " cho가 연결을 끊은 뒤")
ANN_VANISHED = Said(" after ann hung up without a Close", " ann이 Close 프레임 없이 끊긴 뒤")


@on_both("room.py", PROGRAM)
def room(tap, program):
    """Three members speak in turn; cho says goodbye, ann vanishes while she is spoken to, dan comes anew.

    Nothing may be sent to cho or ann once their calls of the app have ended.
    """
    with ExitStack() as open_clients:
        members = {}
        for number, name in enumerate(("ann", "bob", "cho"), 1):
            members[name] = open_clients.enter_context(_joined(tap, program, name))
            _judge_listening(tap, program, number)
        for name in members:
            _says(tap, program, members, name, f"{name} is here")
        members.pop("cho").close()
        _judge_goodbye(tap, program)
        _says(tap, program, members, "bob", "bye, cho", CHO_LEFT)
        with suppress(OSError):
            members.pop("ann").socket.shutdown(socket.SHUT_RDWR)
        said(tap, "ann has vanished")
        for text in ("who is left?", "only me?"):
            _says(tap, program, members, "bob", text, ANN_VANISHED)
        members["dan"] = open_clients.enter_context(_joined(tap, program, "dan"))
        _judge_listening(tap, program, 4)
        _says(tap, program, members, "dan", "dan is new", ANN_VANISHED)
    return Said(
        "On uvicorn and on daphne: three clients hear each other, and the room survives those who leave.",
        "uvicorn과 daphne 모두에서 세 클라이언트가 서로의 메시지를 받고, 한 명이 연결을 끊어도 채팅방은 계속 "
        "동작합니다.",
    )


def _joined(tap, program: str, name: str):
    """A client whose handshake the learner's app has accepted."""
    try:
        return connect(f"{tap.ws_url}/room?{name}", tap, open_timeout=SILENCE)
    except (InvalidHandshake, TimeoutError, OSError) as error:
        refused = isinstance(error, InvalidStatus)
        status = f"HTTP {error.response.status_code}" if refused else ""
        answered = Said(
            f"was answered with {status} instead of 101" if refused else "was not answered",
            f"101이 아니라 {status} 응답이 왔습니다" if refused else "아무 응답도 오지 않았습니다",
        )
        message = Said(
            f"{program}: {name}'s handshake {answered.en}. Receive websocket.connect, then send websocket.accept.",
            f"{program}: {name}의 핸드셰이크에 {answered.ko}. "
            "websocket.connect를 받은 다음 websocket.accept를 보내세요.",
        )
        expect_of(tap, False, message, status or "no answer", "HTTP 101")


def _judge_listening(tap, program: str, number: int) -> None:
    """Every call of the app must receive websocket.connect, accept, and receive again."""
    listens = said(tap, "the room listens", count=number)
    expect_of(
        tap,
        listens or "sent before receive" not in tap.upstream.log(),
        Said(
            f"{program}: the first event is websocket.connect. Call receive() once before websocket.accept.",
            f"{program}: 첫 이벤트는 websocket.connect입니다. websocket.accept를 보내기 전에 receive()를 한 번 "
            "호출하세요.",
        ),
    )
    expect_of(
        tap,
        listens,
        Said(
            f"{program}: after websocket.accept the app never called receive() again, so it hears nobody.",
            f"{program}: websocket.accept 뒤에 앱이 receive()를 다시 호출하지 않아 메시지를 전혀 받지 못합니다.",
        ),
    )


def _judge_goodbye(tap, program: str) -> None:
    """The app's call must return, and without an exception of its own, when cho closes her connection."""
    over = said(tap, "the call is over for cho")
    advice = Said(
        "The last event is websocket.disconnect, and it has no text and no bytes.",
        "마지막 이벤트는 websocket.disconnect이며, text도 bytes도 들어 있지 않습니다.",
    )
    if "receive() after websocket.disconnect" in tap.upstream.log():
        advice = Said(
            "Your app called receive() again after websocket.disconnect. It is the last event: leave the loop.",
            "앱이 websocket.disconnect를 받은 뒤에 receive()를 또 호출했습니다. 이것이 마지막 이벤트이니 루프를 "
            "끝내세요.",
        )
    expect_of(
        tap,
        not trouble(tap),
        Said(f"{program}: this happened when cho left.", f"{program}: cho가 연결을 끊었을 때입니다.") + advice,
    )
    expect(
        over,
        Said(
            f"{program}: cho left, and {SILENCE} s later your app had not returned. Return when "
            "websocket.disconnect comes.",
            f"{program}: cho가 연결을 끊고 {SILENCE}초가 지났는데도 앱이 반환하지 않았습니다. "
            "websocket.disconnect를 받으면 반환하세요.",
        ),
    )


def _says(tap, program: str, members: dict, speaker: str, text: str, when: Said = NOW) -> None:
    """One member says a text; every member must hear it, and nothing else, and nobody else may be sent it."""
    with suppress(ConnectionClosed):
        members[speaker].send(text)
    # Who is at fault may be seen at any member: the set has no order.
    heard = {name: _heard(member) for name, member in members.items()}
    _judge_absent(tap, program)
    for name, words in heard.items():
        lost = words is ConnectionClosed
        how = Said("lost the connection", "연결이 끊겼습니다") if lost else SILENT
        expect_of(
            tap,
            words not in (ConnectionClosed, TimeoutError),
            Said(
                f"{program}: {speaker} said {text!r}{when.en}, and {name} {how.en}.",
                f"{program}:{when.ko} {speaker} 쪽에서 {text!r} 메시지를 보냈는데 {name} 쪽은 {how.ko}.",
            )
            + _advice(tap),
            "",
            text,
        )
        expect_of(
            tap,
            words == text,
            Said(
                f"{program}: {speaker} said {text!r}{when.en}, but {name} heard `{words!r}`.",
                f"{program}:{when.ko} {speaker}의 메시지는 {text!r}인데 {name} 쪽에 온 것은 `{words!r}`입니다.",
            ),
            words,
            text,
        )


def _advice(tap) -> Said:
    """What helps when somebody heard nothing: it depends on what the learner's code raised, if anything."""
    raised = trouble(tap)
    if raised and "OSError" in raised.en:
        return Said(
            "Sending to a member who has gone may raise OSError: catch it, so that the others still hear the text.",
            "연결이 끊긴 멤버에게 보내면 OSError가 날 수 있습니다. 예외를 처리해 나머지 멤버는 메시지를 받게 하세요.",
        )
    if raised:
        return Said("The error ended the call for one member.", "그래서 한 멤버의 앱 호출이 끝났습니다.")
    return Said(
        "Each websocket.receive must become one websocket.send to every member who is still there.",
        "websocket.receive를 받을 때마다 남아 있는 모든 멤버에게 websocket.send를 하나씩 보내야 합니다.",
    )


def _heard(member):
    """What a member hears next, or the exception that says it heard nothing."""
    try:
        return member.recv(timeout=SILENCE)
    except (TimeoutError, ConnectionClosed) as error:
        return TimeoutError if isinstance(error, TimeoutError) else ConnectionClosed


def _judge_absent(tap, program: str) -> None:
    """Nobody may be sent anything once the call of the app for that member has ended."""
    absent = re.search(r"^sent after the call for (\w+)", tap.upstream.log(), re.MULTILINE)
    name = absent and absent[1]
    expect_of(
        tap,
        not absent,
        Said(
            f"{program}: the call of your app for {name} had ended, and still something was sent to {name}. Take every "
            "member out of the room, however they leave.",
            f"{program}: {name}의 앱 호출이 끝난 뒤에도 {name}에게 메시지를 보냈습니다. 연결이 어떻게 끊기든 그 멤버는 "
            "채팅방에서 빼야 합니다.",
        ),
    )
