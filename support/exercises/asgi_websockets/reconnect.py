"""Exercise "reconnect": a client that comes back after a loss, later each time, and never together with all others.

No time passes: the learner's code is given a `sleep` that only writes down for how long it was asked.
"""

import contextlib
import inspect
import io
import random
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path

from websockets.sync.client import ClientConnection
from websockets.sync.client import connect as websocket

from ...errors import Said, raised
from ...loopback import HOST
from ...show import Table
from ...wire.tap import Tap
from .. import NotYet, exercise, expect, failure
from ..asleep import PATIENCE
from ..drive import serving, tabled, written
from ..websocket import QUIET

PROGRAM = Path(__file__).with_name("reconnect_app.py")
RESTART = (5.0, 30.0)  # seconds: so https://www.ietf.org/mail-archive/web/hybi/current/msg09670.html of 1012
FIRST, LONGEST = 1.0, 30.0  # seconds: the bound of the wait after a first loss, and of any wait
CLIENTS = 16  # that lose the server at the same moment; and how many restarts one of them lives through
SEED = 6455
SLACK = 1e-6  # seconds
PARTIES = "follow() ⇄ uvicorn"


@dataclass(frozen=True)
class Step:
    """What one connect() meets: a `text` that comes, if any, then the `end`; and how long the wait after it may be.

    `losses` counts those in a row, this one too.
    """

    text: str
    end: str
    bounds: tuple[float, float] = (0.0, 0.0)
    losses: int = 0

    @property
    def shown(self) -> str:
        """As the table has it."""
        ends = {"stay": "Close 1012", "down": "ConnectionRefusedError", "503": "HTTP 503", "fin": "no Close"}
        return (f"{self.text!r}, " if self.text else "") + ends.get(self.end, f"Close {self.end}")

    @property
    def said(self) -> Said:
        """The end, as the beginning of a sentence."""
        ends = {
            "stay": Said("The server was restarted (Close 1012)", "서버가 재시작한 뒤(Close 1012)"),
            "down": Said("Nobody listened, so connect() raised", "서버가 없어 connect()에서 예외가 난 뒤"),
            "503": Said("The handshake got HTTP 503, so connect() raised", "HTTP 503으로 connect()에서 예외가 난 뒤"),
            "fin": Said("The connection ended without a Close", "연결이 Close 프레임 없이 끊긴 뒤"),
        }
        return ends.get(self.end, Said(f"A Close with {self.end} came", f"{self.end} 코드로 연결이 닫힌 뒤"))


def _loss(text: str, end: str, losses: int) -> Step:
    """A loss, so many in a row by then."""
    return Step(text, end, (0.0, min(LONGEST, FIRST * 2 ** (losses - 1))), losses)


STORY = [
    Step("one", "stay", RESTART),
    Step("", "down", (0.0, 2 * FIRST)),  # the first loss in a row or the second: whether a 1012 counts is left open
    _loss("two", "fin", 1),
    _loss("", "503", 2),
    _loss("", "1011", 3),
    _loss("", "1001", 4),
    _loss("three", "1011", 1),
    _loss("", "fin", 2),
    Step("four", "1000"),
]
LOGGED_OUT = [_loss("one", "1011", 1), Step("", "4401")]
OPENED = 4  # which of the losses comes after the handshake
CROWD = [*(_loss("", "1011" if losses == OPENED else "down", losses) for losses in range(1, 9)), Step("", "1000")]
RESTARTS = [*[Step("", "1012", RESTART)] * CLIENTS, Step("", "1000")]


@exercise
def reconnect(bench):
    """A story with a real restart; a token that is no longer good; sixteen clients at once; sixteen restarts."""
    written(bench, "reconnect.py")
    follow = bench.load("reconnect:follow")
    state = random.getstate()
    random.seed(SEED)  # the same waits each time, where the learner's code takes them from here
    try:
        with serving(bench, {"exercise.py": PROGRAM}) as serve, _nobody() as nobody:
            tap = serve("uvicorn exercise:app")
            for steps in (STORY, LOGGED_OUT):
                _Life(tap, nobody, steps).judged(follow)
            _judge_crowd([_Life(tap, nobody, CROWD).judged(follow) for _ in range(CLIENTS)])
            _judge_restarts(_Life(tap, nobody, RESTARTS).judged(follow))
    finally:
        random.setstate(state)
    return Said(
        "Through a restart and seven losses your client heard every message, and knows when to stop. After a "
        "1012 it waits 5 to 30 s, after other losses at most 30; and a crowd of such clients does not come back all at "
        "once.",
        "재시작 한 번과 일곱 번의 끊김을 거치고도 모든 메시지를 받았고, 언제 끝내야 하는지도 압니다. 1012 뒤에는 "
        "5–30초, 다른 끊김 뒤에는 길어야 30초를 기다리며, 이런 클라이언트가 여럿이어도 한꺼번에 돌아오지 않습니다.",
    )


@contextlib.contextmanager
def _nobody() -> Iterator[int]:
    """A port of this machine on which nobody listens, nor can."""
    with socket.socket() as held:
        held.bind((HOST, 0))
        yield held.getsockname()[1]


class _Enough(BaseException):
    """Ends the learner's function where it would go on for ever."""


@dataclass
class _Life:
    """One call of follow(), in a thread of its own: what it meets, step by step, and what it does."""

    tap: Tap
    nobody: int
    steps: list[Step]
    waits: list[float | None] = field(default_factory=list)  # after each connect(); None where sleep() was not called
    heard: list[str] = field(default_factory=list)
    wrong: Said | None = None  # what was wrong first, if a hook noticed it
    last: str = ""  # how the call ended
    _error: BaseException | None = None
    _value: object = None
    _calls: int = 0
    _over: threading.Event = field(default_factory=threading.Event)

    def judged(self, follow: Callable) -> list[float]:
        """How long follow() waited after each step but the last. NotYet if anything else was wrong with it."""
        threading.Thread(target=self._lives, args=(follow,), daemon=True).start()
        calls = -1
        while not self._over.wait(PATIENCE) and calls != self._calls:
            calls = self._calls
        with tabled(PARTIES, self._table):
            self._judge()
        return [wait or 0.0 for wait in self.waits[:-1]]

    def _lives(self, follow: Callable) -> None:
        try:
            self._value = follow(self._connect, self._hear, self._sleep)
            self.last = f"return {self._value!r}"
            if inspect.iscoroutine(self._value):
                self._value.close()
        except _Enough:
            pass
        except BaseException as error:
            self._error, self.last = error, raised(error).partition(":")[0]
        self._over.set()

    # What follow() is given.

    def _connect(self) -> ClientConnection:
        """Opens a WebSocket that meets the next step, or raises what websockets raises."""
        self._called()
        if self.waits and self.waits[-1] is None:
            self._fail(
                self._now.said
                + Said(
                    "and connect() was called again without sleep() in between.",
                    "sleep() 없이 connect()를 다시 호출했습니다.",
                )
            )
        if len(self.waits) == len(self.steps):
            self._fail(
                self._now.said
                + Said(
                    "and connect() was called again: that code ends it for good.",
                    "connect()를 다시 호출했습니다. 이 코드는 아주 끝났다는 뜻입니다.",
                )
            )
        self.waits.append(None)
        step = self._now
        address = f"ws://{HOST}:{self.nobody}" if step.end == "down" else self.tap.ws_url
        return websocket(f"{address}/{step.text}/{step.end}", **QUIET)

    def _hear(self, message: object) -> None:
        """Takes a message; where the step has it so, the server is stopped now, as a deploy would."""
        self._called()
        self.heard.append(str(message))
        if self._now.end == "stay":
            self.tap.upstream.stop(grace=PATIENCE)

    def _sleep(self, seconds: float) -> None:
        """Returns at once; a server that was stopped is up again."""
        self._called()
        number = isinstance(seconds, int | float) and not isinstance(seconds, bool)
        if not number or not seconds >= 0:
            self._fail(
                Said(
                    f"sleep({seconds!r}): give it a number of seconds, 0 or more.",
                    f"sleep({seconds!r}): 0 이상인 초 단위 숫자를 넘기세요.",
                )
            )
        if not self.waits:
            self._fail(
                Said("sleep() was called before the first connect().", "첫 connect()보다 먼저 sleep()을 호출했습니다.")
            )
        if not self.tap.upstream.running:
            with contextlib.redirect_stdout(io.StringIO()):
                self.tap.upstream.restart()
        self.waits[-1] = (self.waits[-1] or 0.0) + seconds

    @property
    def _now(self) -> Step:
        return self.steps[len(self.waits) - 1]

    def _called(self) -> None:
        """Counts the calls. Never returns if the learner's code has caught what was to end it."""
        self._calls += 1
        if self.wrong:
            self._over.set()
            threading.Event().wait()

    def _fail(self, said: Said) -> None:
        self.wrong = said
        raise _Enough

    # What came of it.

    def _judge(self) -> None:
        """The first thing that is wrong: what was raised, what was heard, a wait, the end."""
        if self._error:
            self._judge_raised()
        if self.wrong:
            raise NotYet(self.wrong)
        expect(
            self._over.is_set(),
            Said(
                f"follow() has called nothing for {PATIENCE} s. Hand each message to hear() as it comes.",
                f"follow()가 {PATIENCE}초 동안 아무것도 호출하지 않았습니다. 메시지가 올 때마다 hear()에 넘기세요.",
            ),
        )
        expect(
            not inspect.iscoroutine(self._value),
            Said("follow() is a coroutine function: write it with def.", "follow()가 코루틴 함수입니다. def로 쓰세요."),
        )
        self._judge_whole()
        texts = [step.text for step in self.steps if step.text]
        expect(
            self.heard == texts,
            Said(
                "hear() did not get every message once, in order.",
                "hear()에 모든 메시지가 한 번씩, 순서대로 오지 않았습니다.",
            ),
            self.heard,
            texts,
        )
        for step, wait in zip(self.steps[:-1], self.waits, strict=False):
            _judge_wait(step, wait)
        code = int(self.steps[-1].end)
        expect(
            self._value == code,
            Said(
                f"A Close with {code} came, and follow() returned `{self._value!r}`: return the code.",
                f"{code} 코드로 닫혔는데 follow()의 반환값은 `{self._value!r}`입니다. 코드를 반환하세요.",
            ),
            self._value,
            code,
        )

    def _judge_raised(self) -> None:
        wrong = failure(self._error)
        if self.waits:
            step = self._now.said
            before = step.en[0].lower() + step.en[1:]
            wrong.said = Said(
                f"{wrong.said.en}. Just before that {before}.", f"{wrong.said.ko} {step.ko} 생긴 일입니다."
            )
        raise wrong

    def _judge_whole(self) -> None:
        """follow() must not return before the last step."""
        if len(self.waits) == len(self.steps):
            return
        if not self.waits:
            expect(False, Said("follow() never called connect().", "follow()가 connect()를 호출하지 않았습니다."))
        hint = Said("Only 1000 and 4401 are the end.", "1000과 4401만 끝입니다.")
        if self._now.end == "1001":
            hint += Said(
                "A `for` loop over a WebSocket of this library ends quietly at 1001 as it does at 1000: look at "
                "`close_code`.",
                "이 라이브러리의 웹소켓을 순회하는 `for` 문은 1000뿐 아니라 1001에서도 예외 없이 끝납니다. "
                "`close_code`를 확인하세요.",
            )
        expect(False, self._now.said + Said("and follow() returned.", "follow()가 반환했습니다.") + hint)

    def _table(self) -> Table:
        """What connect() met each time, and what follow() did then."""
        rows = []
        for number, (step, wait) in enumerate(zip(self.steps, self.waits, strict=False), 1):
            then = f"sleep({wait:.2f})" if wait is not None else self.last if number == len(self.waits) else ""
            rows.append((number, step.shown, then))
        return Table(("connect()", "what came", "then"), rows)


def _judge_wait(step: Step, wait: float) -> None:
    least, most = step.bounds
    how = Said(f"and the wait was {wait:.2f} s", f"{wait:.2f}초를 기다렸습니다")
    if step.bounds == RESTART:
        rule = Said("it must be 5 to 30 s, at random.", "5–30초 사이의 임의의 시간을 기다려야 합니다.")
    elif step.losses:
        rule = Said(
            f"that is loss {step.losses} in a row since a message came: at most {most:g} s.",
            f"마지막 메시지 이후 연속 {step.losses}번째 끊김이니 길어야 {most:g}초입니다.",
        )
    else:
        rule = Said(f"at most {most:g} s here.", f"여기서는 길어야 {most:g}초입니다.")
    if step.end in ("down", "503") and most < RESTART[0] <= wait <= RESTART[1]:
        rule += Said(
            "connect() raised: does `ws` still name the previous connection, with its close code?",
            "connect()에서 예외가 났습니다. `ws`가 아직 이전 연결과 그 닫기 코드를 가리키고 있지는 않나요?",
        )
    expect(
        least - SLACK <= wait <= most + SLACK,
        Said(f"{step.said.en}, {how.en}; {rule.en}", f"{step.said.ko} {how.ko}. {rule.ko}"),
    )


def _judge_crowd(lives: list[list[float]]) -> None:
    """After each loss in a row the waits of all clients must be spread from nothing to the bound."""
    columns = list(zip(*lives, strict=True))
    rows = [
        _waited(f"loss {number}", step.bounds, waits)
        for number, (step, waits) in enumerate(zip(CROWD, columns, strict=False), 1)
    ]
    with _shown(rows):
        for losses, (step, waits) in enumerate(zip(CROWD, columns, strict=False), 1):
            rule = Said(
                "The bound doubles with each loss in a row, from 1 s up to 30.",
                "상한은 1초에서 시작해 끊길 때마다 두 배가 되고 30초를 넘지 않습니다.",
            )
            if losses == OPENED:
                rule = Said(
                    "This time the connection opened, and ended before anything was heard: that is one more loss in a "
                    "row.",
                    "이번에는 연결이 열렸다가 아무 메시지도 없이 끊겼습니다. 이것도 연속된 끊김에 들어갑니다.",
                )
            when = Said(
                f"{CLIENTS} clients lose the server at the same moment; after loss {losses} in a row",
                f"클라이언트 {CLIENTS}개가 동시에 서버를 잃었습니다. 연속으로 {losses}번 끊긴 뒤",
            )
            _judge_spread(waits, step.bounds, when, rule)
            _judge_fine(waits, when)


def _judge_fine(waits: Sequence[float], when: Said) -> None:
    """Few may draw the same wait: whole seconds are drawn by many."""
    different = len(set(waits))
    expect(
        different > len(waits) // 4,
        Said(
            f"{when.en} there are only {different} different waits: clients that draw the same one come back at the "
            "same moment. random.uniform() gives fractions of a second too.",
            f"{when.ko} 기다린 시간이 {different}가지뿐입니다. 같은 값을 뽑은 클라이언트는 동시에 돌아옵니다. "
            "random.uniform()을 쓰면 1초보다 잘게 나뉩니다.",
        ),
    )


def _judge_restarts(waits: list[float]) -> None:
    """After a 1012 the waits must be spread over all of its range."""
    with _shown([_waited("Close 1012", RESTART, waits)]):
        _judge_spread(
            waits,
            RESTART,
            Said(f"After {CLIENTS} restarts (1012)", f"{CLIENTS}번의 재시작(1012) 뒤"),
            Said("Draw them from 5 to 30 s.", "5초에서 30초 사이에서 정하세요."),
        )


def _waited(when: str, bounds: tuple[float, float], waits: Sequence[float]) -> tuple[str, ...]:
    """A row of the table of waits."""
    least, most = bounds
    return when, f"{least:g}", f"{most:g}", f"{min(waits):.2f}", f"{max(waits):.2f}"


def _shown(rows: list[tuple]) -> AbstractContextManager[None]:
    """What a failure shows is how long the waits may be, and how long they were."""
    return tabled(PARTIES, lambda: Table(("seconds after", "from", "to", "shortest", "longest"), rows))


def _judge_spread(waits: Sequence[float], bounds: tuple[float, float], when: Said, rule: Said) -> None:
    """Some of the waits must be in the lower half of the range, some in the upper, and none alike."""
    least, most = bounds
    middle, shortest, longest = (least + most) / 2, min(waits), max(waits)
    expect(
        len(set(waits)) > 1,
        Said(
            f"{when.en} the waits are all {longest:g} s: clients that lost the server at the same moment come back at "
            "the same moment. Draw the wait at random.",
            f"{when.ko} 기다린 시간이 모두 {longest:g}초입니다. 동시에 끊긴 클라이언트가 동시에 돌아옵니다. 기다리는 "
            "시간을 임의로 정하세요.",
        ),
    )
    came = Said(
        f"{when.en} the waits are from {shortest:.1f} to {longest:.1f} s, but should cover everything from {least:g} "
        f"to {most:g} s.",
        f"{when.ko} 기다린 시간은 {shortest:.1f}–{longest:.1f}초인데, {least:g}–{most:g}초 사이의 값이 고루 나와야 "
        "합니다.",
    )
    expect(
        shortest < middle,
        came + Said("The lower half never comes.", "아래쪽 절반은 한 번도 나오지 않았습니다."),
    )
    expect(
        longest > middle,
        came + Said("The upper half never comes.", "위쪽 절반은 한 번도 나오지 않았습니다.") + rule,
    )
