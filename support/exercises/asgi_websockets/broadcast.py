"""Exercise "broadcast": who does not read is dropped; nobody waits for them, and little is kept for them."""

import json
import socket
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from websockets.exceptions import ConnectionClosed, InvalidHandshake
from websockets.sync.client import ClientConnection, connect

from ...errors import Said
from ...loopback import HOST
from ...show import Table
from ...waiting import until
from ...wire.tap import Tap
from .. import UNSAID, exercise, expect
from ..asleep import LAST_LOOK, LOOK, PATIENCE, at_rest, heard
from ..drive import ask, serving, tabled, written
from ..trouble import code_raised
from ..websocket import QUIET
from .clients import settles

PROGRAM = Path(__file__).with_name("broadcast_app.py")
# Without pings: one that cho does not answer makes uvicorn give her up, though its Close waits behind the unread bytes.
SERVER = "uvicorn exercise:app --ws-ping-interval 0"
SIZE = 65536  # characters of a message, as in broadcast_app.py
WAITING = 16  # messages that may wait for a listener
BURST = 8  # messages that are said at once, before the check looks who has heard them
BEHIND = 12  # bursts that are said after cho's send() waits
MOST = 128  # bursts: 64 MiB, more than the buffers of any system hold between two programs of one machine
GRACE = 12  # seconds for a Close that cannot be sent
BOUND = 3 << 20  # bytes: three times what may wait, and half of what is said while cho is behind
FORGOTTEN = WAITING * SIZE // 2  # bytes that the process may hold for whatever else when cho has gone
SMALL = 4096  # bytes of the buffer of a client that does not read
HASTY = QUIET | {"close_timeout": 0.2}  # what cho has not read keeps the Close from her, whoever waits
SPEAKER, FAST, SLOW = "sam", ("ann", "bob"), "cho"


@exercise
def broadcast(bench):
    """sam speaks; ann and bob read all, cho nothing. Then cho reads what was on its way, bob leaves, and dan comes."""
    written(bench, "broadcast.py")
    with serving(bench, {"exercise.py": PROGRAM}) as serve, ExitStack() as clients:
        room = _Room(serve(SERVER), clients)
        with tabled("uvicorn ⇄ app", room.table):
            _judge_reading(room)
            _judge_slow(room)
            _judge_dropped(room)
            _judge_forgotten(room)
            _judge_leaving(room)
    return Said(
        f"cho read nothing, and nobody waited for her: she was dropped, less than {BOUND >> 20} MiB was kept for her, "
        "and the others heard every message.",
        "cho가 아무것도 읽지 않아도 다른 클라이언트는 기다리지 않았습니다. cho의 연결은 끊겼고, cho를 위해 들고 있던 "
        f"메시지는 {BOUND >> 20} MiB를 넘지 않았으며, 나머지는 모든 메시지를 받았습니다.",
    )


@dataclass
class _Room:
    """The server of the learner's app, and the clients of the check.

    `said` counts what sam has said, `before` what of that a client came too late for.
    """

    tap: Tap
    stack: ExitStack
    said: int = 0
    before: dict[str, int] = field(default_factory=dict)
    without: int = 0  # bytes that the process held before cho came
    clients: dict[str, ClientConnection] = field(default_factory=dict)
    judging: dict = field(default_factory=dict)  # the report that is being judged, where it is not the newest

    def report(self) -> dict:
        """What the app of the check says of the learner's, and whether each client has been sent all."""
        report = json.loads(ask(self.tap.upstream, "GET /", timeout=PATIENCE).body)
        for name, call in report["calls"].items():
            call["all"] = call["sent"] >= self.said - self.before[name]
        return report

    def call(self, name: str) -> dict:
        """The call of the learner's app for a client; nothing if there is none yet."""
        return self.report()["calls"].get(name, {})

    def table(self) -> Table:
        """What has become of each call."""
        calls = (self.judging or self.report())["calls"]
        rows = []
        for name, call in calls.items():
            sent = "–" if name == SPEAKER else "all" if call["all"] else "not all"
            rows.append((name, sent, ", ".join(_waits(name, call)), "yes" if call["over"] else "no"))
        return Table(("the call for", "messages sent", "waits in", "returned"), rows)

    def joins(self, name: str, path: str, reads: bool = True) -> None:
        """Another client, whose handshake the learner's app has accepted."""
        self.before[name] = self.said
        client = socket.socket()
        if not reads:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL)
        client.connect((HOST, self.tap.upstream.port))
        url = f"{self.tap.upstream.ws_url}/{path}?{name}"
        with ThreadPoolExecutor(1) as aside:
            opening = aside.submit(connect, url, sock=client, max_queue=WAITING if reads else 1, **HASTY)
            until(lambda: opening.done() or self.call(name), PATIENCE)
            if not settles(self.tap, opening.done):
                client.shutdown(socket.SHUT_RDWR)
        self._judge_accepted(name, opening)
        self.clients[name] = self.stack.enter_context(opening.result())
        settles(self.tap, lambda: ["receive()", name] in self.call(name)["waits"])

    def _judge_accepted(self, name: str, opening: Future) -> None:
        error = opening.exception()
        if isinstance(error, InvalidHandshake | TimeoutError | OSError | EOFError):
            self.expect(
                False,
                Said(
                    f"{name}'s handshake was not accepted: receive websocket.connect, then send websocket.accept.",
                    f"{name}의 핸드셰이크가 수락되지 않았습니다. websocket.connect를 받은 다음 websocket.accept를 "
                    "보내세요.",
                ),
            )

    def says(self, count: int = 1) -> None:
        """sam says the next numbers, one right after the other."""
        for _ in range(count):
            self.said += 1
            self.clients[SPEAKER].send(str(self.said))

    def hears(self, name: str, count: int, when: Said) -> None:
        """The client hears what was said last, and nothing else."""
        for number in range(self.said - count + 1, self.said + 1):
            came = self._next(name, when)
            self.expect(
                came == str(number).ljust(SIZE),
                Said(
                    f"{name} heard something other than what sam said{when.en}: every message goes to every listener, "
                    "once, in order.",
                    f"{when.ko}{name}이 sam의 메시지와 다른 것을 받았습니다. 모든 메시지가 모든 청취자에게 한 번씩, "
                    "순서대로 가야 합니다.",
                ),
                came.strip()[:40],
                str(number),
            )

    def _next(self, name: str, when: Said) -> str:
        """The next message; a failure once the server has come to rest and has not sent it."""
        patience, end = LOOK, time.monotonic() + PATIENCE
        while True:
            try:
                return str(self.clients[name].recv(timeout=patience))
            except ConnectionClosed:
                self._lost(name, when)
            except TimeoutError:
                rests, sent = at_rest(self.tap), self.call(name)["all"]
                if not sent and ((rests and patience == LAST_LOOK) or time.monotonic() > end):
                    self._unheard(name, when)
                if rests:
                    patience = PATIENCE if sent else LAST_LOOK

    def _lost(self, name: str, when: Said) -> None:
        """A listener who reads everything was dropped."""
        self.expect(
            False,
            Said(
                f"{name} reads all that comes, but lost the connection{when.en}. {BURST} messages came at once, and "
                f"{WAITING} may wait.",
                f"{when.ko}{name}은 오는 대로 모두 읽었는데도 연결이 끊겼습니다. 메시지 {BURST}개가 한꺼번에 왔고, "
                f"{WAITING}개까지는 기다릴 수 있어야 합니다.",
            ),
        )

    def _unheard(self, name: str, when: Said) -> None:
        """A listener who reads everything is not sent everything: says who waits for whom."""
        calls = self.report()["calls"]
        waits = calls[SPEAKER]["waits"]
        held = [(what, by) for what, by in calls.get(SLOW, {}).get("waits", ()) if by != SLOW]
        if calls[SPEAKER]["over"]:
            why = Said("sam's call is over.", "sam의 앱 호출이 끝났습니다.")
        elif held and held[0][1] == SPEAKER and not waits:
            self.held_up(held[0][0])
        elif held:
            why = Said(
                "One task sends to all listeners, and waits in the send() of cho, who does not read. Give every "
                "listener a task of its own.",
                "모든 청취자에게 보내는 태스크 하나가, 읽지 않는 cho의 send()에서 멈춰 있습니다. 보내는 태스크를 "
                "청취자마다 따로 두세요.",
            )
        elif not waits:
            why = Said(
                "sam's call does not come back to receive(), and waits in no send(). A queue's put() waits while the "
                "queue is full; put_nowait() does not.",
                "sam의 앱 호출이 receive()로 돌아오지 않는데, send()에서 기다리는 것도 아닙니다. 큐가 가득 차면 "
                "put()은 기다리고 put_nowait()는 기다리지 않습니다.",
            )
        else:
            why = Said(
                "sam's call waits for the next message: nothing is there to send this one.",
                "sam의 앱 호출은 다음 메시지를 기다리고 있습니다. 이 메시지를 보낼 코드가 없습니다.",
            )
        self.expect(
            False,
            Said(
                f"{name} did not hear all that sam said{when.en}.",
                f"{when.ko}{name}이 sam의 메시지를 모두 받지 못했습니다.",
            )
            + why,
        )

    def held_up(self, what: str) -> None:
        """A speaker must not wait for a listener, for however short a time."""
        if what == "websocket.close":
            how = Said(
                "and sam's call waits in her send() with a websocket.close, which has to wait as a message does. "
                "Cancel the task that sends to her, and let her own call return",
                "sam의 앱 호출이 cho의 send()로 websocket.close를 보내다가 멈춰 있습니다. 이것도 메시지와 마찬가지로 "
                "cho가 읽어야 끝납니다. cho에게 보내는 태스크를 취소하고, cho의 앱 호출이 반환하게 하세요",
            )
        elif what == "given up":
            how = Said(
                "and sam's call waited in her send() until it gave up: meanwhile nobody heard anything. Give every "
                "listener a task that sends",
                "sam의 앱 호출이 cho의 send()에서 멈췄다가 포기했습니다. 그동안은 아무도 메시지를 받지 못했습니다. "
                "보내는 태스크를 청취자마다 따로 두세요",
            )
        else:
            how = Said(
                "and sam's call waits in her send(): as long as it does, nobody hears anything. Give every listener "
                "a task that sends",
                "sam의 앱 호출이 cho의 send()에서 멈춰 있습니다. 그동안은 아무도 메시지를 받지 못합니다. 보내는 "
                "태스크를 청취자마다 따로 두세요",
            )
        self.expect(False, Said(f"cho reads nothing, {how.en}.", f"cho가 아무것도 읽지 않아 {how.ko}."))

    def expect(self, condition: object, said: Said, came: object = UNSAID, wanted: object = UNSAID) -> None:
        """expect() whose message begins with what the learner's code raised, if it raised."""
        if not condition and (errors := self.report()["errors"]):
            said = code_raised(errors[0]) + said
        expect(condition, said, came, wanted)


def _waits(name: str, call: dict) -> Iterator[str]:
    """What a call waits in, each kind once, and how often."""
    for (what, by), count in sorted(Counter(map(tuple, call["waits"])).items()):
        place = what if what == "receive()" else f"send({what})"
        often = f" × {count}" if count > 1 else ""
        yield f"{place}{often}" if by == name else f"{place}{often}, from {by}'s call"


AT_FIRST = Said("", "")
WHILE = Said(" while cho read nothing", "cho가 아무것도 읽지 않는 동안 ")
AFTER = Said(" after bob had left", "bob이 연결을 끊은 뒤 ")


def _judge_reading(room: _Room) -> None:
    """Who reads hears what is said, though it comes in a burst; a word of theirs changes nothing."""
    room.joins(SPEAKER, "speak")
    for name in FAST:
        room.joins(name, "listen")
        _judge_word(room, name)
    room.says(BURST)
    for name in FAST:
        room.hears(name, BURST, AT_FIRST)


def _judge_word(room: _Room, name: str) -> None:
    """A listener says a word, which changes nothing."""
    room.clients[name].send("tea")
    settles(room.tap, lambda: room.call(name)["heard"])
    settles(room.tap, lambda: room.call(name)["over"] or ["receive()", name] in room.call(name)["waits"])
    room.expect(
        not room.call(name)["over"],
        Said(
            f"{name}, a listener, said something, and the call ended. Only websocket.disconnect may end it.",
            f"청취자인 {name}이 메시지를 하나 보내자 앱 호출이 끝났습니다. websocket.disconnect가 올 때만 끝나야 "
            "합니다.",
        ),
    )


def _judge_slow(room: _Room) -> None:
    """cho joins, and reads nothing: all the others hear all, and little is kept for her."""
    room.without = room.report()["memory"]
    room.joins(SLOW, "listen", reads=False)
    before, sent = room.report()["memory"], -1
    for _ in range(MOST):
        _burst(room)
        call = room.call(SLOW)
        if call["given up"]:
            room.held_up("given up")
        if call["over"] or call["sent"] == sent:
            break
        sent = call["sent"]
    for _ in range(BEHIND):
        _burst(room)
    room.expect(
        not room.call(SPEAKER)["clocked"],
        Said(
            "cho reads nothing, and sam's call waited for a set time: meanwhile nobody heard anything. put_nowait() "
            "does not wait.",
            "cho가 아무것도 읽지 않아 sam의 앱 호출이 정해 둔 시간만큼 기다렸습니다. 그동안은 아무도 메시지를 받지 "
            "못했습니다. put_nowait()는 기다리지 않습니다.",
        ),
    )
    settles(room.tap, lambda: room.call(SLOW)["over"])
    if ["websocket.close", SLOW] in room.call(SLOW)["waits"]:  # which may be given up
        until(lambda: room.call(SLOW)["over"], GRACE)
    room.judging = report = room.report()
    tasks = len([what for what, _ in report["calls"][SLOW]["waits"] if what == "websocket.send"])
    if tasks > 1:
        why = Said(
            "A task for each message waits in her send().", "메시지마다 만든 태스크가 cho의 send()에 쌓여 있습니다."
        )
    else:
        why = Said(
            f"What waits for one listener, wherever it is kept, must have a bound: {WAITING} messages.",
            f"어디에 보관하든, 청취자 한 명에게 보내려고 쌓아 두는 메시지는 {WAITING}개를 넘으면 안 됩니다.",
        )
    room.expect(
        report["memory"] - before < BOUND,
        Said(
            f"cho reads nothing, {BEHIND * BURST} messages of {SIZE >> 10} KiB came after her send() had begun to "
            f"wait, and the process has kept more than {BOUND >> 20} MiB of them.",
            f"cho가 아무것도 읽지 않아 send()가 멈춘 뒤에 {SIZE >> 10} KiB 메시지 {BEHIND * BURST}개가 더 왔고, "
            f"프로세스가 그중 {BOUND >> 20} MiB 넘게 들고 있습니다.",
        )
        + why,
        f"more than {BOUND >> 20} MiB",
        f"less than {BOUND >> 20} MiB",
    )
    _judge_over(room, report["calls"][SLOW])
    room.judging = {}


def _burst(room: _Room) -> None:
    room.says(BURST)
    for name in FAST:
        room.hears(name, BURST, WHILE)


def _judge_over(room: _Room, call: dict) -> None:
    """The call for cho must have returned: then the server ends the connection, once she reads."""
    room.expect(
        call["over"],
        Said(
            f"Little is kept for cho, but she is not dropped: {BEHIND * BURST} messages later her call still runs.",
            f"cho를 위해 들고 있는 메시지는 적지만 cho의 연결을 끊지 않았습니다. 메시지 {BEHIND * BURST}개가 지난 "
            "뒤에도 cho의 앱 호출이 끝나지 않았습니다.",
        )
        + (Said("", "") if call["over"] else _instead(room, [what for what, _ in call["waits"]])),
    )


def _instead(room: _Room, waits: list[str]) -> Said:
    """What has become of cho, whose call still runs: it shows when she reads again."""
    if "websocket.close" in waits:
        return Said(
            "It waits in send() with a websocket.close, which has to wait as a message does: return without it.",
            "websocket.close를 보내는 send()에서 멈춰 있습니다. 이것도 메시지와 마찬가지로 cho가 읽어야 끝나니, 보내지 "
            "말고 반환하세요.",
        )
    _read(room)
    room.says()
    if str(room.said) in _read(room):
        return Said(
            "When she read again she heard the newest message, and not those before it. Nobody should have to guess "
            "what is missing: drop her instead.",
            "다시 읽기 시작한 cho는 그 사이의 메시지를 건너뛰고 최신 메시지를 받았습니다. 무엇이 빠졌는지 클라이언트는 "
            "알 수 없으니, 메시지를 버리는 대신 연결을 끊으세요.",
        )
    return Said(
        "When she read again she heard nothing new: she is no longer a listener, and nobody tells her. Let her call "
        "return, so that the server ends the connection.",
        "다시 읽기 시작한 cho에게 새 메시지가 오지 않았습니다. cho는 청취자에서 빠졌는데 그 사실을 모릅니다. cho의 앱 "
        "호출이 반환하면 서버가 연결을 끊습니다.",
    )


def _read(room: _Room) -> list[str]:
    """What cho hears to the end of the connection, or until the server rests and nothing has come for a second."""
    return [text.strip() for text in iter(lambda: heard(room.clients[SLOW], room.tap), "")]


def _judge_dropped(room: _Room) -> None:
    """cho reads again: what was on its way to her comes, without a gap, and then the end."""
    came = _read(room)
    first = room.said + 1 if not came else int(came[0])
    room.expect(
        came == [str(first + n) for n in range(len(came))],
        Said(
            "cho read again, and there was a gap in what came: drop a listener who cannot be sent everything, and send "
            "her nothing after the first message that is missing.",
            "cho가 다시 읽기 시작했을 때 온 메시지 사이에 빠진 것이 있습니다. 모두 보낼 수 없는 청취자는 연결을 끊고, "
            "빠진 메시지 뒤로는 아무것도 보내지 마세요.",
        ),
    )


def _judge_forgotten(room: _Room) -> None:
    """What waited for cho must not outlive her call."""

    def kept() -> int:
        return room.report()["memory"] - room.without

    settles(room.tap, lambda: kept() < FORGOTTEN)
    room.expect(
        kept() < FORGOTTEN,
        Said(
            "cho's call is over, and what waited for her is still kept: take her out of the listeners in `finally`.",
            "cho의 앱 호출은 끝났는데 cho에게 보내려던 메시지가 아직 남아 있습니다. `finally`에서 청취자 목록에서 "
            "빼세요.",
        ),
    )


def _judge_leaving(room: _Room) -> None:
    """bob leaves, and is forgotten before anybody speaks; dan comes anew."""
    room.clients.pop("bob").close()
    settles(room.tap, lambda: room.call("bob")["over"])
    room.expect(
        room.call("bob")["over"],
        Said(
            "bob closed his WebSocket, and his call still runs: something must wait in receive() for "
            "websocket.disconnect, even while nobody speaks.",
            "bob이 웹소켓을 닫았는데 앱 호출이 끝나지 않습니다. 아무도 말하지 않는 동안에도 receive()로 "
            "websocket.disconnect를 기다려야 합니다.",
        ),
    )
    room.joins("dan", "listen")
    room.says()
    for name in ("ann", "dan"):
        room.hears(name, 1, AFTER)
