"""The whole conversation as one sequence diagram: what the taps saw and what the apps recorded, merged."""

from .app.events import Event, Events
from .show import Arrow, Diagram
from .wire.messages import Message
from .wire.tap import Tap

# What an app does within this time of a response's bytes is drawn before them, where nothing tells which came
# first: on two cores either may, by microseconds, and the drawing should be the same each time.
SLACK = 50_000_000  # ns


def sequence(*sources: Tap | Events) -> Diagram:
    """The diagram of taps and events, in order of time. Its lanes are those that have an arrow.

    Response bytes are drawn after the WSGI app's piece that they hold. Others that came within 50 ms of
    something in the app are drawn after it, but never later than the next thing the client sent on that
    connection: of two such lines the drawing does not tell which was first. Without events nothing is
    moved: the taps of one kernel share a clock, and each keeps a byte before it passes it on.
    """
    arrows, lanes = [], []
    events = [event for source in sources if isinstance(source, Events) for event in source]
    for source in sources:
        if isinstance(source, Tap):
            lanes += [source.client, source.upstream.name]
            arrows += _crossings(source, events)
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
    return Diagram([lane for lane in lanes if lane in used], [Arrow(*arrow[1:]) for arrow in arrows])


def _crossings(tap: Tap, events: list[Event]) -> list[tuple[int, str, str, str]]:
    """The arrows of a tap: each message with the time at which it is drawn."""
    messages = [m for m in tap.wire.messages if m.way in "→←" and m.name != "EndOfMessage"]
    slack = SLACK if events else 0
    arrows = []
    for number, message in enumerate(messages):
        when = message.when
        if message.way == "←":
            later = [m for m in messages[number:] if m.connection == message.connection]
            cause = _cause(later, events)
            answers = (m.when - 1 for m in later if m.way == "→")
            when = cause.when + 1 if cause else min(when + slack, next(answers, when + slack))
        arrows.append((when, *_ends(message.way, tap.client, tap.upstream.name), _label(message)))
    return arrows


def _cause(messages: list[Message], events: list[Event]) -> Event | None:
    """The WSGI app's piece that the first message holds, or that comes right behind it if it is a head.

    PEP 3333 has a server send the head with the first piece, and each piece before it asks for the next.
    None where there is no such piece, or where it came more than SLACK before its bytes.
    """
    data = [m for m in messages[:2] if m.name == "Data"][:1] if messages[0].name in ("Response", "Data") else []
    for message in data:
        for event in reversed(events):
            wrote = event.kind == "wsgi" and event.name in ("yield", "write") and isinstance(event.data, bytes)
            if wrote and event.data and event.data in message.raw and 0 <= message.when - event.when <= SLACK:
                return event
    return None


def _label(message) -> str:
    if message.name in ("Request", "Response", "InformationalResponse"):
        return message.summary
    return f"{message.name} {message.summary}".strip() if message.raw else message.name


def _ends(way: str, near: str, far: str) -> tuple[str, str]:
    """Where an arrow starts and where it ends: → goes away from the client, ← back to it."""
    return (near, far) if way == "→" else (far, near)
