"""Exercise "deadline": each site's crowd on the learner's gunicorn, measured in slots and never in seconds."""

import argparse
import contextlib
import os
import select
import shlex
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ...errors import Said
from ...wire.tap import Tap
from .. import drive, exercise, expect, expect_dict, in_turn
from ..drive import connect, receive
from .workers import held

APP = Path(__file__).with_name("exercise_slots.py")
PATIENCE = 60  # seconds; who has a place begins long before, on a busy machine too
NO_TIMEOUT = "--timeout 0"  # no call is too long: its word comes when the others have begun
HALF_A_HEAD = b"GET /photo HTTP/1.1\r\n"


@dataclass(frozen=True)
class Site:
    """So many requests at once, to be answered in so many slots; what may not be; who sits there before."""

    requests: int
    slots: int
    most_processes: int | None = None
    most_at_once: int | None = None  # calls in one process
    half_open: int = 0


SITES = {
    "bills": Site(10, 3, most_at_once=1),
    "search": Site(10, 2, most_processes=1),
    "photos": Site(6, 2, most_processes=1, half_open=2),
}


@dataclass(frozen=True)
class Options:
    """What the learner chose, and how it is written."""

    workers: int
    threads: int

    def __str__(self) -> str:
        return f"--workers {self.workers} --threads {self.threads}"

    @property
    def places(self) -> int:
        return self.workers * self.threads

    @property
    def fewer(self) -> "Options":
        """The same with one place less, in its only process or with a process less."""
        if self.threads > 1:
            return Options(self.workers, self.threads - 1)
        return Options(self.workers - 1, self.threads)


@exercise
def deadline(bench, options):
    """Runs each site with the options chosen for it, and once more with one place less."""
    expect_dict(options, "options")
    chosen = {name: _read(name, options.get(name)) for name in SITES}
    with drive.serving(bench, {APP.name: APP}, aloud=False) as serve:
        in_turn(lambda name: _meets(serve, name, chosen[name]), SITES)
    return Said(
        "All three sites meet their deadline, and none would with one place less.",
        "세 사이트 모두 정해진 구간 안에 응답을 마치고, 자리를 하나라도 줄이면 그럴 수 없습니다.",
    )


class _Refusing(argparse.ArgumentParser):
    def error(self, message):
        raise ValueError(message)


def _read(name: str, text) -> Options:
    """The options as gunicorn reads them; --workers and --threads alone."""
    parser = _Refusing(add_help=False, allow_abbrev=False)
    parser.add_argument("-w", "--workers", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1)
    said = Said(
        f"{name}: write --workers and --threads alone, as text, with a number of 1 or more, not {text!r}.",
        f"{name}: --workers와 --threads 옵션만 문자열로 쓰고, 1 이상의 수를 지정하세요. 지금 값은 {text!r}입니다.",
    )
    expect(isinstance(text, str) and text.strip(), said)
    try:
        read = parser.parse_args(shlex.split(text))
    except (ValueError, SystemExit):
        expect(False, said)
    expect(read.workers > 0 and read.threads > 0, said)
    expect(
        read.workers * read.threads <= 16,
        Said(
            f"{name}: {read.workers * read.threads} places are far too many.",
            f"{name}: 자리 {read.workers * read.threads}개는 너무 많습니다.",
        ),
    )
    return Options(read.workers, read.threads)


def _meets(serve, name: str, options: Options) -> None:
    """The site's rules, its deadline, and that fewer places would not do."""
    site = SITES[name]
    expect(
        site.most_processes is None or options.workers <= site.most_processes,
        Said(
            f"{name}: --workers {options.workers} makes {options.workers} processes, and each holds a copy of what "
            "fits into memory only once.",
            f"{name}: --workers {options.workers} 옵션은 프로세스를 {options.workers}개 만듭니다. 메모리에는 하나만 "
            "들어가는데 프로세스마다 복사본을 하나씩 갖게 됩니다.",
        ),
    )
    tap = serve(f"gunicorn exercise_slots:app {options} {NO_TIMEOUT}")
    took = _slots(tap, name, options)
    question = Said("How many must be worked on at once?", "동시에 몇 개를 처리해야 할까요?")
    if site.half_open:
        question = Said(
            f"How many of the {options.places} places are left for the requests?",
            f"자리 {options.places}개 가운데 이 요청들이 쓸 수 있는 자리는 몇 개일까요?",
        )
    expect(
        took <= site.slots,
        Said(
            f"{name}: with {options} the {site.requests} requests take {took} slots.",
            f"{name}: {options} 옵션으로는 요청 {site.requests}개에 {took}구간이 걸립니다.",
        )
        + question,
        f"{took} slots",
        f"{site.slots} slots",
    )
    if options.places == 1:
        return
    less = serve(f"gunicorn exercise_slots:app {options.fewer} {NO_TIMEOUT}")
    took = _slots(less, name, options.fewer)
    expect(
        took > site.slots,
        Said(
            f"{name}: {options} meets the deadline, and {options.fewer} meets it too. Take the fewest.",
            f"{name}: {options} 옵션으로 기한을 지켰지만 {options.fewer} 옵션으로도 지킬 수 있습니다. "
            "가장 적은 수를 고르세요.",
        ),
    )


def _slots(tap: Tap, name: str, options: Options) -> int:
    """How many slots the site's crowd takes: in each, all that have begun get their word and are answered."""
    site, took = SITES[name], 0
    with contextlib.ExitStack() as stack:
        for _ in range(site.half_open):
            stack.enter_context(_half_open(tap))
        if site.half_open:
            held(tap.upstream, min(site.half_open, options.places))  # a sync worker takes no second one
        waiting = {stack.enter_context(connect(tap, f"GET /{n}")): n for n in _pipes(tap, site.requests)}
        while waiting:
            took += 1
            free = options.places - site.half_open
            begun = _begun(name, waiting, min(free, len(waiting))) if free > 0 else []
            expect(
                begun,
                Said(
                    f"{name}: with {options} no request begins. The clients that have sent half a head hold every "
                    "place.",
                    f"{name}: {options} 옵션으로는 어떤 요청도 처리를 시작하지 못합니다. 헤더를 절반만 보낸 "
                    "클라이언트가 자리를 모두 차지했습니다.",
                ),
            )
            for client in begun:
                Path(tap.upstream.folder, waiting.pop(client)).write_text("go")
            for client in begun:
                receive(client, lambda came: b"done\n" in came)
                client.close()  # gunicorn waits for that, and takes nobody else meanwhile
    return took


def _pipes(tap: Tap, count: int) -> Iterator[str]:
    """The names of as many named pipes, which are there."""
    for number in range(1, count + 1):
        pipe = Path(tap.upstream.folder, f"slot-{number}")
        if not pipe.exists():
            os.mkfifo(pipe)
        yield pipe.name


@contextlib.contextmanager
def _half_open(tap: Tap) -> Iterator[socket.socket]:
    """A client that has sent half a head, and is silent."""
    with tap.upstream.connect() as client:
        client.sendall(HALF_A_HEAD)
        yield client


def _begun(name: str, waiting: dict[socket.socket, str], count: int) -> list[socket.socket]:
    """Those whose answer begins, as many as there are places for; each must be allowed to run beside the others."""
    begun: list[socket.socket] = []
    while len(begun) < count:
        ready, _, _ = select.select(waiting.keys() - set(begun), [], [], PATIENCE)
        if not ready:
            break
        for client in ready:
            client.settimeout(PATIENCE)
            _alone(name, receive(client, lambda came: b"at once\n" in came).body)
            begun.append(client)
    return begun


def _alone(name: str, first: bytes) -> None:
    """Where calls in one process may not overlap, this one did not."""
    at_once = int(first.split()[0])
    expect(
        SITES[name].most_at_once is None or at_once <= SITES[name].most_at_once,
        Said(
            f"{name}: {at_once} calls ran at once in one process, and they spoil each other's sum. "
            "What besides threads makes places?",
            f"{name}: 한 프로세스에서 호출 {at_once}개가 동시에 실행되어 서로의 합계를 망가뜨렸습니다. "
            "스레드 말고 무엇으로 자리를 늘릴 수 있을까요?",
        ),
    )
