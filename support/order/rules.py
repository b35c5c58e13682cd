"""The rules: what is known of the order, and from what. Each rule reads the Evidence and tells Moments what it knows.

`RULES` has them by name, with their reasons in the docstrings; `support.sequences` lists them for readers. A test
switches off one after the other and sees that something known is lost.
"""

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate, pairwise

from . import pairs
from .calls import Call
from .crossings import ANSWER, Crossings, Exchange, Stretch, Text
from .moments import Moments


@dataclass
class Evidence:
    """All that the bench has: what crossed, what was called, and who belongs to whom."""

    crossings: Crossings
    calls: list[Call]
    exchange_of: dict[Call, Exchange]
    front_of: dict[Exchange, Exchange]

    @property
    def behinds(self) -> dict[Exchange, list[Exchange]]:
        """For each exchange before a proxy, those that the proxy began for it."""
        found: dict[Exchange, list[Exchange]] = {}
        for behind, front in self.front_of.items():
            found.setdefault(front, []).append(behind)
        return found


PAIRS = {"address": pairs.by_address, "line": pairs.by_line}


def gather(crossings: Crossings, calls: list[Call], rules: set[str]) -> Evidence:
    """The evidence, with all pairs that these rules allow."""
    whole = [exchange for exchange in crossings.exchanges if "request" in exchange.texts]
    tapped = {connection.tap.upstream.name for connection in crossings.connections}
    exchange_of: dict[Call, Exchange] = {}
    for rule, pair in PAIRS.items():
        if rule in rules:
            taken = set(exchange_of.values())
            left = [call for call in calls if call not in exchange_of]
            exchange_of |= pair(left, [exchange for exchange in whole if exchange not in taken], tapped)
    return Evidence(crossings, calls, exchange_of, pairs.passed_on(whole))


# -- what is counted ----------------------------------------------------------------------------------------


def cut(evidence: Evidence) -> None:
    """Cuts every body where somebody counts its bytes: an app that took or gave them, a proxy that passed them on."""
    for call, exchange in evidence.exchange_of.items():
        if upload := exchange.texts.get("upload"):
            upload.cuts |= {count for _, count in call.taken()}
        if (download := exchange.texts.get("download")) and _is_the_apps(call, exchange):
            download.cuts |= {byte for _, *bytes_ in call.given() for byte in bytes_}
    passed = list(_passed_bodies(evidence))
    for text in (text for pair in passed for text in pair):
        text.cuts |= set(accumulate(segment.size for segment in text.segments))
    for _ in passed:  # through as many proxies as there may be in a row
        for source, copy in passed:
            source.cuts |= copy.cuts
            copy.cuts |= source.cuts


def _is_the_apps(call: Call, exchange: Exchange) -> bool:
    """Whether the bytes of the answer's body are those of the app, one for one: else they cannot be counted."""
    body, given = exchange.texts["download"], call.given()
    total = given[-1][2] if given else 0
    complete = exchange.over and call.gave_all() is not None
    return call.start(exchange.status) is not None and (body.size == total if complete else body.size <= total)


def _passed_bodies(evidence: Evidence) -> Iterator[tuple[Text, Text]]:
    """The bodies that a proxy passes on byte for byte: where each comes from, and the copy."""
    for behind, front in evidence.front_of.items():
        up = front.texts.get("upload"), behind.texts.get("upload")
        if all(up) and _is_a_copy(*up, behind.over):
            yield up
    for front, behind in _answered_by(evidence):
        down = behind.texts.get("download"), front.texts.get("download")
        if all(down) and front.encoding == behind.encoding and _is_a_copy(*down, front.over and behind.over):
            yield down


def _is_a_copy(source: Text, copy: Text, complete: bool) -> bool:
    """Whether a body can be the other's copy: as long, or not yet; and no byte of it was there before the other's."""
    if copy.size > source.size or (complete and copy.size < source.size):
        return False
    times = list(source.kept())
    return all(times[bisect_left(times, (count, 0))][1] <= when for count, when in copy.kept())


def _answered_by(evidence: Evidence) -> Iterator[tuple[Exchange, Exchange]]:
    """The exchanges whose answer a proxy passed on, each with the one from which it has it."""
    for front, behinds in evidence.behinds.items():
        same = [b for b in behinds if b.status and b.status == front.status]
        if len(same) == 1 and same[0].texts["answer"].last_when < front.texts["answer"].when:
            yield front, same[0]


# -- the rules ----------------------------------------------------------------------------------------------


def bytes_in_one_direction(evidence: Evidence, moments: Moments) -> None:
    """TCP delivers the bytes of one direction in order, and a FIN behind them (RFC 9293 section 3.4)."""
    for connection in evidence.crossings.connections:
        for way in "→←":
            stretches = [stretch for text in connection.texts[way] for stretch in text.stretches]
            for one, other in pairwise(stretches):
                moments.before(one.end, other.begin)
        for both in connection.texts["⇄"]:
            for text in (text for way in "→←" for text in connection.texts[way]):
                moments.before(*((both.end, text.begin) if text.role == "cut" else (text.end, both.begin)))


def events_of_one_call(evidence: Evidence, moments: Moments) -> None:
    """One thread, or one task, makes a call and all that happens in it."""
    for call in evidence.calls:
        for one, other in pairwise(call.moments):
            moments.before(one, other)


def turns_on_one_connection(evidence: Evidence, moments: Moments) -> None:
    """A tap keeps what crosses one connection in one thread and before it passes it on, so it knows who spoke first.

    Except for a request's body and its answer: a client sends a body whether or not the answer has begun, a server
    may answer before it has read the body (RFC 9112 section 9.5), and the next run would show the other order. If
    the two took turns, it was a conversation (`Exchange.talks`), and the order of its two bodies is kept.
    """
    for connection in evidence.crossings.connections:
        stretches = [s for way in "→←" for text in connection.texts[way] for s in text.stretches]
        seen: dict[str, list[Stretch]] = {"→": [], "←": []}
        for stretch in sorted(stretches, key=lambda each: (each.segment.place, each.text.role == "cut", each.text.way)):
            for other in reversed(seen["←" if stretch.text.way == "→" else "→"]):
                if not _independent(other.text, stretch.text) and _was_kept_before(other, stretch):
                    moments.before(other.end, stretch.begin)
                    break
            seen[stretch.text.way].append(stretch)


def _was_kept_before(one: Stretch, other: Stretch) -> bool:
    """What cuts a text short has the place of what it cuts."""
    cuts = one.text.role == "end" and other.text.role == "cut"
    return one.segment.last_place < other.segment.place + cuts


def _independent(one: Text, other: Text) -> bool:
    """Whether they are a request's body and its answer, which come in any order; in a talk only the answer's head."""
    if one.exchange is None or one.exchange is not other.exchange:
        return False
    up, down = (one, other) if one.way == "→" else (other, one)
    answer = ("answer",) if one.exchange.talks else ANSWER
    return up.role in ("upload", "last upload chunk") and down.role in answer


def request_before_call(evidence: Evidence, moments: Moments) -> None:
    """What an app is told of a request, and what it takes of its body or of its frames, has crossed before."""
    for call, exchange in evidence.exchange_of.items():
        moments.before(exchange.texts["request"].end, call.moments[0])
        if upload := exchange.texts.get("upload"):
            for number, count in call.taken():
                if 0 < count <= upload.size:
                    moments.before(upload.end_of(count), call.moments[number])
        received = [number for number, event in enumerate(call.events) if event.name == "websocket.receive"]
        for number, frame in zip(received, _messages(exchange, "→"), strict=False):
            moments.before(frame.end, call.moments[number])
        _close_before_disconnect(call, exchange, moments)


def _close_before_disconnect(call: Call, exchange: Exchange, moments: Moments) -> None:
    """An app that has not closed is told of the client's Close frame, by its code."""
    number = call.first("websocket.disconnect")
    if number is None or call.first("websocket.close") is not None:
        return
    code = str(call.events[number].data.get("code"))
    for frame in exchange.frames["→"]:
        if frame.name == "CLOSE" and (frame.summary.partition(" ")[0] or "1005") == code:
            moments.before(frame.end, call.moments[number])


def _messages(exchange: Exchange, way: str) -> Iterator[Text]:
    """The last frame of each WebSocket message of one direction (RFC 6455 section 5.4)."""
    for frame in exchange.frames[way]:
        if frame.name in ("TEXT", "BINARY", "CONT") and not frame.summary.endswith("(FIN bit 0: more follows)"):
            yield frame


def _first_frames(exchange: Exchange, way: str) -> Iterator[Text]:
    """The first frame of each WebSocket message of one direction."""
    return (frame for frame in exchange.frames[way] if frame.name in ("TEXT", "BINARY"))


def gift_before_bytes(evidence: Evidence, moments: Moments) -> None:
    """What an app gave comes before the bytes that carry it: a status before the head, a piece before its bytes.

    gunicorn and wsgiref send the head with the first item (PEP 3333, "The start_response() Callable"); where another
    server called, that is not known. The last chunk of a chunked body is sent when nothing follows.
    """
    for call, exchange in evidence.exchange_of.items():
        texts = exchange.texts
        if "answer" in texts:
            for number in _before_head(call, exchange):
                moments.before(call.moments[number], texts["answer"].begin)
        if "download" in texts and _is_the_apps(call, exchange):
            for number, first, _ in call.given():
                if first < texts["download"].size:
                    moments.before(call.moments[number], texts["download"].begin_of(first))
        ended = call.gave_all()
        own = exchange.connection.tap.upstream.name == call.server  # a proxy frames anew, and need not wait for the end
        if own and "last chunk" in texts and ended is not None and call.start(exchange.status) is not None:
            moments.before(call.moments[ended], texts["last chunk"].begin)
        sent = [number for number, event in enumerate(call.events) if event.name == "websocket.send"]
        for number, frame in zip(sent, _first_frames(exchange, "←"), strict=False):
            moments.before(call.moments[number], frame.begin)
        _close_before_frame(call, exchange, moments)


def _before_head(call: Call, exchange: Exchange) -> Iterator[int]:
    """The numbers of the events that come before the answer's head."""
    start = call.start(exchange.status)
    if exchange.status == "101":
        start = call.first("websocket.accept")
    elif exchange.status == "403" and start is None:
        start = call.first("websocket.close")
    elif exchange.status == "500" and start is None:
        start = call.first("raise")  # a server's own page
    elif start is not None and call.sends_head_with_item:
        item = call.first("yield", "write", "StopIteration")
        yield from [] if item is None else [item]
    if start is not None:
        yield start


def _close_before_frame(call: Call, exchange: Exchange, moments: Moments) -> None:
    """The server's Close is the app's if no Close of the client came before it."""
    number = call.first("websocket.close")
    closes = [frame for way in "→←" for frame in exchange.frames[way] if frame.name == "CLOSE"]
    if number is not None and closes:
        first = min(closes, key=lambda frame: frame.segments[0].place)
        if first.way == "←":
            moments.before(call.moments[number], first.begin)


def proxy_gets_before_it_gives(evidence: Evidence, moments: Moments) -> None:
    """A proxy has a head before it sends one on, and each byte of a body, each frame, before its copy."""
    for behind, front in evidence.front_of.items():
        moments.before(front.texts["request"].end, behind.texts["request"].begin)
        if front.status == behind.status == "101":
            _frames_passed_on(front, behind, moments)
    for front, behind in _answered_by(evidence):
        moments.before(behind.texts["answer"].end, front.texts["answer"].begin)
    for source, copy in _passed_bodies(evidence):
        _flow(source.stretches, copy.stretches, moments)


def _flow(sources: list[Stretch], copies: list[Stretch], moments: Moments) -> None:
    """Each byte comes before its copy; one may flow on before the next has come."""
    for source, copy in zip(sources, copies, strict=False):
        moments.before(source.begin, copy.begin)
        moments.before(source.end, copy.end)


def _frames_passed_on(front: Exchange, behind: Exchange, moments: Moments) -> None:
    for way, source, copy in (("→", front, behind), ("←", behind, front)):
        for one, other in zip(source.frames[way], copy.frames[way], strict=False):
            if one.name != other.name or one.last_when > other.last_when:
                break
            moments.before(one.begin, other.begin)
            moments.before(one.end, other.end)


def over_before_begun(evidence: Evidence, moments: Moments) -> None:
    """An exchange whose answer was over at a tap before another's request began there stands before it."""
    by_client: dict[str, list[Exchange]] = {}
    for exchange in evidence.crossings.exchanges:
        if "request" in exchange.texts:
            by_client.setdefault(exchange.connection.tap.client, []).append(exchange)
    for exchanges in by_client.values():
        over = [exchange for exchange in exchanges if exchange.over]
        for exchange in exchanges:
            before = [e for e in over if e.last.last_when < exchange.began]
            newest = max((e.began for e in before), default=0)
            for earlier in before:
                if earlier.last.last_when >= newest:  # the others were over before one of these began
                    moments.before(earlier.last.end, exchange.texts["request"].begin)


def notes_between(evidence: Evidence, moments: Moments) -> None:
    """What the cell notes comes after what the taps have kept by then and before what they keep later."""
    notes = evidence.crossings.notes
    for one, other in pairwise(notes):
        moments.before(one.moment, other.moment)
    for connection in evidence.crossings.connections:
        for note, before, behind in evidence.crossings.around(connection):
            if before:
                moments.before(before.end, note.moment)
            if behind:
                moments.before(note.moment, behind.begin)


def lifespan_around_calls(evidence: Evidence, moments: Moments) -> None:
    """An app is called when its process has started up, and told to shut down when its calls are done (ASGI)."""
    for lifespan in (call for call in evidence.calls if call.kind == "lifespan"):
        others = [c for c in evidence.calls if c is not lifespan and _same_process(c, lifespan)]
        started, stopped = lifespan.first("lifespan.startup.complete"), lifespan.first("lifespan.shutdown")
        for call in others:
            if started is not None:
                moments.before(lifespan.moments[started], call.moments[0])
            if stopped is not None and call.events[-1].when < lifespan.events[stopped].when:
                moments.before(call.moments[-1], lifespan.moments[stopped])


def _same_process(one: Call, other: Call) -> bool:
    return (one.server, one.process) == (other.server, other.process)


ORDERS = {
    "direction": bytes_in_one_direction,
    "call": events_of_one_call,
    "connection": turns_on_one_connection,
    "request": request_before_call,
    "answer": gift_before_bytes,
    "proxy": proxy_gets_before_it_gives,
    "over": over_before_begun,
    "note": notes_between,
    "lifespan": lifespan_around_calls,
}
RULES = frozenset({*PAIRS, *ORDERS})
