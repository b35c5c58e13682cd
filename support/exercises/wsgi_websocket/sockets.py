"""Exercise "sockets": on each server WebSockets are opened until a handshake hangs, and one is closed to free it."""

import contextlib
import socket
from pathlib import Path

from ...errors import Said
from .. import exercise, expect, expect_dict, in_turn
from ..drive import HANDSHAKE, Answer, connect, judged, receive, serving

PROGRAM = Path(__file__).with_name("exercise_room.py")
SERVER = "gunicorn exercise:app"
PATIENCE = 60  # seconds for a handshake that is going to be answered
SILENCE = 0.5  # seconds after which one that comes when the server is full counts as hanging
MOST = 8  # WebSockets that are opened on a server

# The options of each server: how many WebSockets it holds, and the question to ask oneself.
SERVERS = {
    "-k sync": (
        1,
        Said("How many calls of the app run at once in one sync worker?", "sync 워커는 앱을 동시에 몇 번 호출하나요?"),
    ),
    "-k sync --workers 2": (
        2,
        Said(
            "What does one more process add, if each is a sync worker?", "sync 워커를 하나 더 띄우면 무엇이 늘어나나요?"
        ),
    ),
    "-k gthread": (
        1,
        Said("How many threads are there, if you name no number?", "따로 정하지 않으면 스레드는 몇 개인가요?"),
    ),
    "--threads 3": (
        3,
        Said(
            "Which worker does gunicorn say that it uses (`Using worker: …` in its log), and what does a WebSocket "
            "hold there?",
            "gunicorn이 어느 워커를 쓴다고 하나요(로그의 `Using worker: …`)? 그 워커에서 웹소켓 하나는 무엇을 "
            "붙잡나요?",
        ),
    ),
    "-k gthread --threads 4 --worker-connections 2": (
        2,
        Said("There are two limits: which is reached first?", "한도가 둘입니다. 먼저 차는 쪽은 어느 쪽인가요?"),
    ),
    "-k gevent --worker-connections 3": (
        3,
        Said(
            "A greenlet costs no thread: what else limits this worker?",
            "그린릿은 스레드를 붙잡지 않습니다. 그렇다면 이 워커의 한도는 무엇이 정하나요?",
        ),
    ),
}


@exercise
def sockets(bench, numbers):
    """Opens WebSockets on each server until the next handshake hangs, and compares their number with the learner's."""
    expect_dict(numbers, "sockets")
    for options in SERVERS:
        number = numbers.get(options)
        expect(
            isinstance(number, int) and not isinstance(number, bool),
            Said(
                f"{_command(options)}: write a whole number, not `{number!r}`.",
                f"{_command(options)}: `{number!r}` 대신 정수를 적으세요.",
            ),
        )
    with serving(bench, {"exercise.py": PROGRAM}) as serve:
        in_turn(lambda options: _judge(serve(f"{SERVER} {options}"), options, numbers[options]), SERVERS)
    return Said(
        "All six are right: on each server the next handshake hung, and was answered when one WebSocket was closed.",
        "여섯 개 모두 맞습니다. 어느 서버에서나 다음 핸드셰이크가 멈췄고, 웹소켓 하나를 닫자 응답이 왔습니다.",
    )


def _command(options: str) -> str:
    """The command as a sentence names it."""
    return f"`{SERVER} {options}`"


def _judge(tap, options: str, said: int) -> None:
    """One server, and what the learner has said of it."""
    known, question = SERVERS[options]
    with judged(tap):
        held, freed = _held(tap, known)
        expect(
            held <= said,
            Said(
                f"{_command(options)}: you said {said}, and one more WebSocket opened all the same. {question.en}",
                f"{_command(options)}: {said}개라고 했는데 하나가 더 열렸습니다. {question.ko}",
            ),
        )
        expect(
            held >= said,
            Said(
                f"{_command(options)}: you said {said}, but a handshake hung before that many were open. {question.en}",
                f"{_command(options)}: {said}개라고 했는데 그만큼 열리기 전에 핸드셰이크가 멈췄습니다. {question.ko}",
            ),
        )
        expect(
            freed,
            Said(
                f"{_command(options)}: a WebSocket was closed, and the handshake that hung was not answered. "
                "Run this cell again.",
                f"{_command(options)}: 웹소켓 하나를 닫았는데도 멈춘 핸드셰이크에 응답이 오지 않았습니다. "
                "이 셀을 다시 실행하세요.",
            ),
        )


def _held(tap, known: int) -> tuple[int, bool]:
    """How many WebSockets opened before a handshake hung, and whether that one was answered when another was closed.

    A handshake that the server can answer gets all the time it needs, however busy the machine is.
    """
    with contextlib.ExitStack() as clients:
        opened: list[socket.socket] = []
        while len(opened) < MOST:
            client = clients.enter_context(connect(tap, "GET /", HANDSHAKE))
            if not _answered(client, PATIENCE if len(opened) < known else SILENCE):
                break
            opened.append(client)
        if not opened or len(opened) == MOST:
            return len(opened), True
        opened[0].close()
        return len(opened), _answered(client, PATIENCE)


def _answered(client: socket.socket, timeout: float) -> bool:
    """True once the 101 has come."""
    client.settimeout(timeout)
    return receive(client, lambda came: Answer(came, ended=False).whole).code == 101
