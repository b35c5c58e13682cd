"""The recording of a server's apps: the file into which `record` writes, read as it grows."""

import contextlib
import os
import time
from collections.abc import Callable
from pathlib import Path

from .. import waiting
from ..errors import BenchError
from .entries import FULL
from .events import HIDDEN, Event, Events, Exchanges, answered, parse, waits

PATIENCE = 1.0  # seconds to wait for quiet, where events keep coming


class Recording:
    """What the apps behind one server have recorded in the file `path`.

    `server` is its name, `running()` tells whether it still runs. Each look reads only what is new.
    """

    def __init__(self, path: Path, server: str, running: Callable[[], bool] = lambda: True) -> None:
        self._path, self._server, self._running = path, server, running
        self._begin(0)

    def _begin(self, at: int) -> None:
        self._at, self._entries, self._exchanges = at, [], Exchanges()

    def events(self, until: str | None = None, timeout: float = 5.0) -> Events:
        """The Events so far, once an event called `until`, or any, is there and the apps are at rest.

        At rest is an app that has returned, or waits in receive() or elsewhere while nothing happens; one whose
        response is complete is awaited. All this lasts `timeout` seconds at most, and ends at once if the server has
        ended. Raises BenchError if by then there is no such event.
        """
        deadline = time.monotonic() + timeout
        waiting.until(lambda: not self._read_on() or self._has(until), timeout)
        if not self._has(until):
            raise self._missing(until)
        self._settle(deadline)
        return self._look()

    def clear(self) -> None:
        """Begins anew: the next look shows what happens from now on. What was recorded is deleted."""
        self._settle(time.monotonic() + PATIENCE)
        with contextlib.suppress(FileNotFoundError):
            os.truncate(self._path, 0)
        self._begin(0)

    def _look(self) -> Events:
        gone = {pid for pid in map(_process, self._exchanges.open) if not (self._running() and _lives(pid))}
        return Events(self._entries, self._server, gone, full=self._at >= FULL)

    def _read_on(self) -> bool:
        """Reads what is new; False if the server has ended, and so nothing more will come."""
        running = self._running()  # asked first: what was written before the end is read now
        with contextlib.suppress(FileNotFoundError), open(self._path, "rb") as file:
            file.seek(self._at)
            lines = file.read()
            self._at += lines.rfind(b"\n") + 1
            for event in parse(lines):
                self._entries.append(event)
                self._exchanges.add(event)
        return running

    def _has(self, name: str | None) -> bool:
        return any(event.name == name if name else event.name not in HIDDEN for event in self._entries)

    def _settle(self, deadline: float) -> None:
        """Returns when the apps are at rest, or at the deadline (seconds on the monotonic clock)."""

        def left() -> float:
            return max(0.0, deadline - time.monotonic())

        waiting.quiet(lambda: len(self._entries), min(PATIENCE, left()), over=lambda: not self._going_on())
        waiting.until(lambda: not any(map(answered, self._awaited())), left())

    def _going_on(self) -> list[list[Event]]:
        """The entries of the exchanges that may go on, as of now."""
        if not self._read_on():
            return []
        return [entries for exchange, entries in self._exchanges.open.items() if _lives(_process(exchange))]

    def _awaited(self) -> list[list[Event]]:
        return [entries for entries in self._going_on() if not waits(entries)]

    def _missing(self, name: str | None) -> BenchError:
        evidence = repr(Events(self._entries, self._server)) if self._has(None) else ""
        if not self._running():
            return BenchError(
                f"No {name or 'event'} was recorded by {self._server}, which no longer runs. Its log tells why.",
                f"{self._server} 서버에 {name or '이벤트'} 기록이 없고, 서버는 이미 종료되었습니다. 로그를 확인하세요.",
                evidence,
            )
        return BenchError(
            f"No {name or 'event'} was recorded by {self._server}. Is the app wrapped: app = record(app)? "
            "Was it called?",
            f"{self._server} 서버에 {name or '이벤트'} 기록이 없습니다. app = record(app)으로 감쌌는지, "
            "요청이 앱까지 갔는지 확인하세요.",
            evidence,
        )


def _process(exchange: str) -> int:
    return int(exchange.partition("-")[0])


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True
