"""The whole conversation as one sequence diagram: what the taps saw and what the apps recorded, merged."""

from .events import Events
from .show import Diagram
from .tap import Tap

# What an app does within this time of a response's bytes is drawn before them: on another core, either may
# be first by microseconds, and the drawing should be the same each time.
SLACK = 50_000_000  # ns


def sequence(*sources: Tap | Events) -> Diagram:
    """The diagram of taps and events, in order of time. Its lanes are those that have an arrow.

    A response's bytes that came within 50 ms of something in the app are drawn after it, but never later
    than the next thing the client sent on that connection. Without events nothing is moved: the taps of one
    kernel share a clock, and each keeps a byte before it passes it on.
    """
    arrows, lanes = [], []
    slack = SLACK if any(isinstance(source, Events) for source in sources) else 0
    for source in sources:
        if isinstance(source, Tap):
            lanes += [source.client, source.upstream.name]
            arrows += _crossings(source, slack)
        else:
            lanes += [source.server, "app"]
            arrows += [
                (event.when, *_ends(event.way, source.server, "app"), f"{event.name} {event.detail}".strip())
                for event in source
            ]
    order = {lane: number for number, lane in enumerate(("client", "nginx"))}
    lanes = sorted(dict.fromkeys(lanes), key=lambda lane: 9 if lane == "app" else order.get(lane, 5))
    arrows = sorted(arrows, key=lambda arrow: arrow[0])
    used = {lane for _, *ends, _ in arrows for lane in ends}
    return Diagram([lane for lane in lanes if lane in used], [tuple(arrow[1:]) for arrow in arrows])


def _crossings(tap: Tap, slack: int) -> list[tuple[int, str, str, str]]:
    """The arrows of a tap: each message with the time at which it is drawn, a response up to `slack` ns late."""
    messages = [m for m in tap.wire.messages if m.way in "→←" and m.name != "EndOfMessage"]
    arrows = []
    for number, message in enumerate(messages):
        when = message.when
        if message.way == "←":
            answers = (m.when - 1 for m in messages[number:] if m.way == "→" and m.connection == message.connection)
            when = min(when + slack, next(answers, when + slack))
        arrows.append((when, *_ends(message.way, tap.client, tap.upstream.name), _label(message)))
    return arrows


def _label(message) -> str:
    if message.name in ("Request", "Response", "InformationalResponse"):
        return message.summary
    return f"{message.name} {message.summary}".strip() if message.raw else message.name


def _ends(way: str, near: str, far: str) -> tuple[str, str]:
    """Where an arrow starts and where it ends: → goes away from the client, ← back to it."""
    return (near, far) if way == "→" else (far, near)
