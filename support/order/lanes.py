"""The lanes of a drawing: who is in it, and from left to right how far from the client."""

from collections.abc import Iterable

from ..wire.tap import Tap
from .calls import Call
from .rules import Evidence


class Lanes:
    """Names the lanes of taps and calls. Two servers of one name are told apart by their ports."""

    def __init__(self, taps: Iterable[Tap], evidence: Evidence) -> None:
        self._servers = _servers(taps)
        self._exchange_of = evidence.exchange_of
        callers = {self.caller(call): None for call in evidence.calls}
        self._apps = {server: "app" if len(callers) == 1 else f"{server} app" for server in callers}
        self.depth = self._depths()

    def ends(self, tap: Tap) -> tuple[str, str]:
        """The lanes on both sides of a tap."""
        return tap.client, self._servers[tap]

    def caller(self, call: Call) -> str:
        """The lane of the server that made a call."""
        if call in self._exchange_of:
            return self._servers[self._exchange_of[call].connection.tap]
        return call.server

    def app(self, call: Call) -> str:
        """The lane of the app that was called: two servers' apps have one each."""
        return self._apps[self.caller(call)]

    def _depths(self) -> dict[str, int]:
        """How far each lane is from the client, by the longest way; the apps are the farthest."""
        steps = [self.ends(tap) for tap in self._servers]
        depth = dict.fromkeys([*(lane for step in steps for lane in step), *self._apps], 0)
        for _ in depth:
            for near, far in steps:
                if depth[far] <= depth[near] < len(steps):
                    depth[far] = depth[near] + 1
        return depth | dict.fromkeys(self._apps.values(), len(steps) + 1)


def _servers(taps: Iterable[Tap]) -> dict[Tap, str]:
    """The lane of each tap's upstream."""
    upstreams: dict[str, set[int]] = {}
    for tap in (taps := list(taps)):
        upstreams.setdefault(tap.upstream.name, set()).add(id(tap.upstream))
    return {
        tap: tap.upstream.name if len(upstreams[tap.upstream.name]) == 1 else f"{tap.upstream.name}:{tap.upstream.port}"
        for tap in taps
    }
