"""Hidden true histories: what really happened between clients, taps, a proxy, servers and apps, and what the bench saw.

    Plan       what everybody means to do: which client asks what, whether it waits, what the app takes and gives
    World      one run of a plan: processes with clocks of their own, networks that cut, join and delay
    World.taps, .events   what the bench would see of it
    World.at   the true time at which something happened, which the bench never sees
    World.known   pairs of things of which the first caused the second, as the bench can tell from what it sees

A thing that happens has a key: ("byte", tap, connection, way, offset), ("event", call, number), ("note", number). A
byte has a name, too, which says what it is: (tap, connection, way, role, number, byte), see `World.names`.
"""

import heapq
import random
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import count

from kept import Kept
from websockets.frames import Frame, Opcode

from support.app.events import Events
from support.wire.tap import Piece

LETTERS = "abcdefghijklmnopqrstuvwxyz"


@dataclass
class Ask:
    """One exchange of a plan. `upload` and `download` are pieces of a body; a `talk` takes turns with them."""

    path: str
    upload: list[bytes] = field(default_factory=list)
    download: list[bytes] = field(default_factory=list)
    talk: bool = False  # the client sends a piece when it has the answer to the one before
    socket: bool = False  # a WebSocket, whose messages are `upload` and `download`
    reads: bool = True  # the app takes the body before it answers
    chunked: bool = True
    note: bool = False  # the cell notes that it has the whole answer
    awaited: bool = False  # the app gives each piece only when the cell has noted that it has the one before


@dataclass
class Plan:
    """What everybody means to do. Each client makes its exchanges one after the other."""

    clients: list[list[Ask]]
    keep_alive: bool = False
    proxied: bool = False
    kind: str = "http"  # or wsgi
    address: bool = True  # the app is told the port
    lifespan: bool = False


def plan(number: int) -> Plan:
    """One of many plans."""
    chance = random.Random(number)
    paths = (f"/{letter}" for letter in LETTERS)
    clients = [
        [_ask(chance, next(paths)) for _ in range(chance.randint(1, 3))] for _ in range(chance.choice((1, 1, 2)))
    ]
    kind = chance.choice(("http", "wsgi"))
    return Plan(
        clients, chance.random() < 0.5, chance.random() < 0.5, kind, chance.random() < 0.7, chance.random() < 0.3
    )


def _ask(chance: random.Random, path: str) -> Ask:
    text = iter(f"{LETTERS}{LETTERS.upper()}0123456789")

    def pieces(most: int) -> list[bytes]:
        sizes = [chance.randint(1, 4) for _ in range(chance.randint(0, most))]
        return [bytes(ord(next(text)) for _ in range(size)) for size in sizes]

    ask = Ask(path, pieces(3), pieces(3) or [b"!"])
    ask.chunked, ask.note, ask.reads = chance.random() < 0.5, chance.random() < 0.3, chance.random() < 0.7
    if chance.random() < 0.2:
        ask.socket = True
        ask.upload, ask.download = ask.download, ask.download
    elif ask.upload and len(ask.upload) > 1 and chance.random() < 0.5:
        ask.talk = ask.reads = True
        ask.download = [piece.swapcase() for piece in ask.upload]
    elif chance.random() < 0.3:
        ask.awaited = True
    return ask


# -- one run -----------------------------------------------------------------------------------------------


class World:
    """One run of a plan."""

    def __init__(self, plan: Plan, seed: int) -> None:
        self.plan, self.chance = plan, random.Random(seed)
        self.now, self._numbers = 0, count()
        self._due: list[tuple[int, int, Callable]] = []
        self._waiting: list[tuple[Iterator, Callable]] = []
        self.kept: dict[str, list[Piece]] = {"front": [], "behind": []}
        self.ports: dict[str, dict[int, int]] = {"front": {}, "behind": {}}
        self.at: dict[tuple, int] = {}
        self.known: list[tuple[str, tuple, tuple]] = []
        self.entries: list[tuple] = []
        self.notes = 0
        self.skew = self.chance.randint(-10_000, 10_000)
        self.calls: list[Call] = []
        self.legs: list[Leg] = []
        if plan.lifespan and plan.kind == "http":
            self._start(_lifespan(self))
        for asks in plan.clients:
            self._start(_client(self, asks))
        self._run()

    # What the bench sees.

    def sources(self) -> list:
        """The taps and the events."""
        server = "nginx" if self.plan.proxied else "server"
        taps = [Kept(self.kept["front"], "client", server, self.ports["front"])]
        if self.plan.proxied:
            taps.append(Kept(self.kept["behind"], "nginx", "server", self.ports["behind"]))
        return [*taps, Events(self.entries, "server")]

    def names(self) -> dict[tuple, tuple]:
        """What each byte is: of which head, body or frame, and the how manieth of it."""
        names, exchanges = {}, Counter()
        for leg in self.legs:
            exchanges[leg.line] += 1
            for way, role, number, offsets in leg.texts(exchanges[leg.line]):
                for byte, offset in enumerate(offsets):
                    names[leg.line.key(way, offset)] = (leg.line.tap, leg.line.number, way, role, number, byte)
        return names

    # How time goes by.

    def later(self, action: Callable, longest: int = 100) -> None:
        heapq.heappush(self._due, (self.now + self.chance.randint(1, longest), next(self._numbers), action))

    def _start(self, actor: Iterator) -> None:
        self.later(lambda: self._step(actor))

    start = _start

    def _step(self, actor: Iterator) -> None:
        try:
            self._waiting.append((actor, next(actor)))
        except StopIteration:
            return

    def _run(self) -> None:
        while self._due:
            when, _, action = heapq.heappop(self._due)
            self.now = max(when, self.now + 1)
            action()
            ready = [(actor, ready) for actor, ready in self._waiting if ready()]
            for each in ready:
                self._waiting.remove(each)
                self._start(each[0])
        assert not self._waiting, "somebody waits for ever"

    # What happens.

    def note(self, text: str) -> tuple:
        """The cell notes something: all that was kept before is known to be before, all later to be later."""
        key = ("note", self.notes)
        self.notes += 1
        self.at[key] = self.now
        self.kept["front"].append(Piece(self.now, 0, "", "note", text.encode()))
        return key

    def know(self, rule: str, earlier: tuple | None, later: tuple | None) -> None:
        if earlier and later:
            self.known.append((rule, earlier, later))


class Line:
    """One tapped connection: what is sent arrives at the tap in pieces, is kept, and goes on."""

    def __init__(self, world: World, tap: str) -> None:
        self.world, self.tap = world, tap
        self.number = len(world.ports[tap]) + 1
        self.port = 40_000 + world.chance.randint(0, 20_000)
        world.ports[tap][self.number] = self.port
        self.sent, self.crossed, self.got = ({"→": b"", "←": b""} for _ in range(3))
        self.ended: dict[str, str] = {}

    def send(self, way: str, data: bytes) -> None:
        self.sent[way] += data
        self.world.later(lambda: self._arrive(way))

    def _arrive(self, way: str) -> None:
        """Some of what is on its way reaches the tap, at once with what came before."""
        left = self.sent[way][len(self.crossed[way]) :]
        if not left:
            return
        piece = left[: self.world.chance.choice((1, 5, len(left), len(left), len(left)))]
        now, start = self.world.now, len(self.crossed[way])
        for offset in range(start, start + len(piece)):
            self.world.at["byte", self.tap, self.number, way, offset] = now
        self.world.kept[self.tap].append(Piece(now, self.number, way, "data", piece))
        self.crossed[way] += piece
        self.world.later(lambda: self._pass_on(way))
        if len(piece) < len(left):
            self.world.later(lambda: self._arrive(way))

    def _pass_on(self, way: str) -> None:
        self.got[way] = self.crossed[way]

    def end(self) -> None:
        """Both sides end, either first."""
        ways = ["→", "←"]
        self.world.chance.shuffle(ways)
        for way in ways:
            self.world.now += 1
            self.world.kept[self.tap].append(Piece(self.world.now, self.number, way, "FIN"))

    def key(self, way: str, offset: int) -> tuple:
        return "byte", self.tap, self.number, way, offset

    def at(self, way: str, offset: int) -> int:
        """The true time at which a byte crossed the tap."""
        return self.world.at[self.key(way, offset)]

    def has(self, way: str, length: int) -> Callable:
        return lambda: len(self.got[way]) >= length


@dataclass
class Body:
    """A body on a line: where each of its payload bytes stands."""

    line: Line
    way: str
    at: list[int] = field(default_factory=list)

    def key(self, byte: int) -> tuple:
        return self.line.key(self.way, self.at[byte])

    def send(self, piece: bytes, chunked: bool) -> None:
        head = b"%x\r\n" % len(piece) if chunked else b""
        start = len(self.line.sent[self.way]) + len(head)
        self.at += range(start, start + len(piece))
        self.line.send(self.way, head + piece + (b"\r\n" if chunked else b""))

    def arrived(self) -> int:
        """How many of its bytes have come to the other side."""
        return sum(offset < len(self.line.got[self.way]) for offset in self.at)


@dataclass(eq=False)
class Leg:
    """An exchange on one line: where its heads and bodies stand."""

    line: Line
    ask: Ask
    request: tuple[int, int] = (0, 0)  # where the head begins and ends
    answer: tuple[int, int] | None = None
    up: Body = None
    down: Body = None
    over: int | None = None  # where the answer ends
    notes: dict[int, tuple] = field(default_factory=dict)  # of the cell, by how much of the answer it had
    frames: dict[str, list[tuple[int, int]]] = field(default_factory=lambda: {"→": [], "←": []})

    def __post_init__(self) -> None:
        self.up, self.down = Body(self.line, "→"), Body(self.line, "←")
        self.complete = False
        self.line.world.legs.append(self)

    def texts(self, number: int) -> Iterator[tuple[str, str, int, Iterable[int]]]:
        """The heads, bodies and frames: the way, the role, the number and where each byte stands."""
        yield "→", "request", number, range(*self.request)
        yield "←", "answer", number, range(*self.answer)
        yield "→", "upload", number, self.up.at
        yield "←", "download", number, self.down.at
        for way, frames in self.frames.items():
            for each, frame in enumerate(frames):
                yield way, "frame", each, range(*frame)
        if self.ask.chunked and self.over:
            yield "←", "last chunk", number, range(self.over - len(b"0\r\n\r\n"), self.over)

    def send_request(self) -> None:
        self.request = self._head("→", _request(self.ask))

    def send_answer(self) -> None:
        self.answer = self._head("←", _answer(self.ask))

    def _head(self, way: str, head: bytes) -> tuple[int, int]:
        start = len(self.line.sent[way])
        self.line.send(way, head)
        return start, start + len(head)

    def frame(self, way: str, name: Opcode, data: bytes) -> None:
        raw = Frame(name, data).serialize(mask=way == "→")
        self.frames[way].append(self._head(way, raw))

    def last_of_request(self) -> tuple:
        return self.line.key("→", self.request[1] - 1)

    def began_at(self) -> int:
        return self.line.at("→", self.request[0])

    def over_at(self) -> int:
        return self.line.at("←", (self.over or self.answer[1]) - 1)

    def finish(self) -> None:
        """The answer is complete; its last chunk is sent."""
        if self.ask.chunked:
            self.line.send("←", b"0\r\n\r\n")
        self.over, self.complete = len(self.line.sent["←"]), True

    def is_over(self) -> bool:
        return self.complete and len(self.line.got["←"]) >= self.over


def _request(ask: Ask) -> bytes:
    if ask.socket:
        more = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: eA==\r\n"
        return f"GET {ask.path} HTTP/1.1\r\nHost: x\r\n{more}\r\n".encode()
    size = sum(map(len, ask.upload))
    method, more = ("POST", f"Content-Length: {size}\r\n") if ask.upload else ("GET", "")
    return f"{method} {ask.path} HTTP/1.1\r\nHost: x\r\n{more}\r\n".encode()


def _answer(ask: Ask) -> bytes:
    if ask.socket:
        return b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"
    more = "Transfer-Encoding: chunked" if ask.chunked else f"Content-Length: {sum(map(len, ask.download))}"
    return f"HTTP/1.1 200 OK\r\n{more}\r\n\r\n".encode()


# -- who acts ----------------------------------------------------------------------------------------------


def _client(world: World, asks: list[Ask]) -> Iterator[Callable]:
    """A client: one exchange after the other, each when it has the whole answer to the one before."""
    line = before = None
    for ask in asks:
        if line is None or ask.socket or not world.plan.keep_alive:
            line = Line(world, "front")
        leg = Leg(line, ask)
        start = len(line.sent["→"])
        if before:
            world.know(before[0] if before[0] == "note" else "over", before, line.key("→", start))
        leg.send_request()
        world.start(_proxy(world, leg) if world.plan.proxied else _server(world, leg))
        yield from _talk(world, leg) if ask.talk or ask.socket else _once(world, leg)
        before = line.key("←", (leg.over or leg.answer[1]) - 1)
        if ask.note:
            note = world.note(f"has {ask.path}")
            world.know("note", before, note)
            before = note
        if ask.socket or not world.plan.keep_alive or ask is asks[-1]:
            line.end()
            line = None


def _once(world: World, leg: Leg) -> Iterator[Callable]:
    """The whole body, and the answer; where the app waits for the cell, a note for each piece."""
    yield lambda: True
    for piece in leg.ask.upload:
        leg.up.send(piece, False)
    if leg.ask.awaited:
        total = 0
        for number, piece in enumerate(leg.ask.download[:-1]):
            total += len(piece)
            yield lambda total=total: leg.down.arrived() >= total
            note = world.note(f"has {number + 1} of {leg.ask.path}")
            world.know("note", leg.down.key(total - 1), note)
            leg.notes[total] = note
    yield leg.is_over


def _talk(world: World, leg: Leg) -> Iterator[Callable]:
    """A piece, and its answer, before the next piece."""
    if leg.ask.socket:
        yield lambda: leg.answer is not None and len(leg.line.got["←"]) >= leg.answer[1]
    total = 0
    for piece, answer in zip(leg.ask.upload, leg.ask.download, strict=True):
        if leg.ask.socket:
            leg.frame("→", Opcode.TEXT, piece)
            wanted = len(leg.frames["→"])
            heard = leg.frames["←"][wanted - 2][1] if wanted > 1 else leg.answer[1]
            world.know("connection", leg.line.key("←", heard - 1), leg.line.key("→", leg.frames["→"][-1][0]))
            yield lambda wanted=wanted: _frames_there(leg, "←") >= wanted
        else:
            leg.up.send(piece, False)
            if total:
                world.know("connection", leg.down.key(total - 1), leg.up.key(len(leg.up.at) - len(piece)))
            total += len(answer)
            yield lambda total=total: leg.down.arrived() >= total
    if leg.ask.socket:
        leg.frame("→", Opcode.CLOSE, b"\x03\xe8")
        yield lambda: _frames_there(leg, "←") > len(leg.ask.download)
    else:
        yield leg.is_over


def _frames_there(leg: Leg, way: str) -> int:
    return sum(stop <= len(leg.line.got[way]) for _, stop in leg.frames[way])


def _lifespan(world: World) -> Iterator[Callable]:
    call = Call(world, "lifespan")
    call.happens("→", "scope", {"type": "lifespan"})
    yield lambda: True
    call.happens("→", "lifespan.startup", {"type": "lifespan.startup"})
    yield lambda: True
    world.started = call.happens("←", "lifespan.startup.complete", {"type": "lifespan.startup.complete"})


class Call:
    """One call of the app, which writes down what happens, by the clock of its process."""

    def __init__(self, world: World, kind: str) -> None:
        self.world, self.kind, self.number = world, kind, len(world.calls) + 1
        self.events = 0
        world.calls.append(self)

    def happens(self, way: str, name: str, data: object = None) -> tuple:
        key = ("event", f"7-{self.number}", self.events)
        if self.events:
            self.world.know("call", (*key[:2], self.events - 1), key)
        self.world.at[key] = self.world.now
        self.world.entries.append((self.world.now + self.world.skew, key[1], self.kind, way, name, data))
        self.events += 1
        self.world.now += 1
        return key


def _server(world: World, leg: Leg) -> Iterator[Callable]:
    """A server and its app."""
    ask, line = leg.ask, leg.line
    if world.plan.lifespan and world.plan.kind == "http":
        yield lambda: hasattr(world, "started")
    yield line.has("→", leg.request[1])
    call = Call(world, "websocket" if ask.socket else world.plan.kind)
    called = call.happens("→", *_told(world, leg))
    world.know("address" if world.plan.address else "line", leg.last_of_request(), called)
    world.know("request", leg.last_of_request(), called)
    if hasattr(world, "started"):
        world.know("lifespan", world.started, called)
    yield from _chat(world, leg, call) if ask.socket else _respond(world, leg, call)
    call.happens("←", "return" if call.kind != "wsgi" else "StopIteration")


def _told(world: World, leg: Leg) -> tuple[str, dict]:
    """What the app is told of the request."""
    method = "POST" if leg.ask.upload and not leg.ask.socket else "GET"
    if world.plan.kind == "wsgi" and not leg.ask.socket:
        environ = {"REQUEST_METHOD": method, "PATH_INFO": leg.ask.path, "SERVER_SOFTWARE": "gunicorn/1"}
        if world.plan.address:
            environ |= {"REMOTE_ADDR": "127.0.0.1", "REMOTE_PORT": str(leg.line.port)}
        return "app(environ, start_response)", environ
    kind = "websocket" if leg.ask.socket else "http"
    client = ["127.0.0.1", leg.line.port] if world.plan.address else None
    return "scope", {"type": kind, "method": method, "path": leg.ask.path, "client": client}


def _respond(world: World, leg: Leg, call: Call) -> Iterator[Callable]:
    """The app takes and gives; the server holds back what it likes."""
    ask, taken, given = leg.ask, 0, 0
    wsgi = call.kind == "wsgi"
    out = _Out(world, leg)
    pairs_ = zip(ask.upload, ask.download, strict=True) if ask.talk else [(b"".join(ask.upload), None)]
    started = None
    for up, down in pairs_:
        if ask.reads and up:
            taken += len(up)
            yield lambda taken=taken: leg.up.arrived() >= taken
            name, data = ("wsgi.input.read()", up) if wsgi else ("http.request", {"type": "http.request", "body": up})
            if not wsgi:
                data["more_body"] = taken < sum(map(len, ask.upload))
            world.know("request", leg.up.key(taken - 1), call.happens("→", name, data))
            yield lambda: True
        if started is None:
            started = _starts(call)
            out.head(started)
        for piece in [down] if down else ask.download:
            if ask.awaited and given:
                yield lambda given=given: given in leg.notes
            yield lambda: True
            given += len(piece)
            more = given < sum(map(len, ask.download))
            data = piece if wsgi else {"type": "http.response.body", "body": piece, "more_body": more}
            event = call.happens("←", "yield" if wsgi else "http.response.body", data)
            out.piece(piece, event)
    yield lambda: True
    out.finish()


def _starts(call: Call) -> tuple:
    if call.kind == "wsgi":
        return call.happens("←", "start_response", {"status": "200 OK", "headers": []})
    return call.happens("←", "http.response.start", {"type": "http.response.start", "status": 200, "headers": []})


class _Out:
    """What a server writes: the head with the first piece or before, pieces at once or later, the end at the end."""

    def __init__(self, world: World, leg: Leg) -> None:
        self.world, self.leg, self._held = world, leg, []
        self._writes = self._done = 0

    def head(self, event: tuple) -> None:
        self._do(lambda: self._head(event))
        if self.world.plan.kind == "http" and self.world.chance.random() < 0.5:
            self._flush()

    def _head(self, event: tuple) -> None:
        self.leg.send_answer()
        self.world.know("answer", event, self.leg.line.key("←", self.leg.answer[0]))
        self.world.know("connection", self.leg.last_of_request(), self.leg.line.key("←", self.leg.answer[0]))

    def piece(self, piece: bytes, event: tuple) -> None:
        def send() -> None:
            first = len(self.leg.down.at)
            self.leg.down.send(piece, self.leg.ask.chunked)
            self.world.know("answer", event, self.leg.down.key(first))

        self._do(send)
        if self.leg.ask.talk or self.leg.ask.awaited or self.world.chance.random() < 0.5:
            self._flush()

    def finish(self) -> None:
        self._do(self.leg.finish)
        self._flush()

    def _do(self, action: Callable) -> None:
        self._held.append(action)

    def _flush(self) -> None:
        """Writes what was held back, in one go, a moment later and after what was to be written before."""
        held, self._held = self._held, []
        turn, self._writes = self._writes, self._writes + 1

        def write() -> None:
            if self._done < turn:
                self.world.later(write)
                return
            for action in held:
                action()
            self._done += 1

        self.world.later(write)


def _chat(world: World, leg: Leg, call: Call) -> Iterator[Callable]:
    """The app of a WebSocket: it answers each message, until the client closes."""
    call.happens("→", "websocket.connect", {"type": "websocket.connect"})
    yield lambda: True
    accept = call.happens("←", "websocket.accept", {"type": "websocket.accept"})
    yield lambda: True
    leg.send_answer()
    world.know("answer", accept, leg.line.key("←", leg.answer[0]))
    for number, answer in enumerate(leg.ask.download):
        yield lambda number=number: _frames_there(leg, "→") > number
        data = {"type": "websocket.receive", "bytes": leg.ask.upload[number]}
        received = call.happens("→", "websocket.receive", data)
        world.know("request", leg.line.key("→", leg.frames["→"][number][1] - 1), received)
        yield lambda: True
        sent = call.happens("←", "websocket.send", {"type": "websocket.send", "bytes": answer})
        yield lambda: True
        leg.frame("←", Opcode.TEXT, answer)
        world.know("answer", sent, leg.line.key("←", leg.frames["←"][number][0]))
    yield lambda: _frames_there(leg, "→") > len(leg.ask.download)
    data = {"type": "websocket.disconnect", "code": 1000}
    gone = call.happens("→", "websocket.disconnect", data)
    world.know("request", leg.line.key("→", leg.frames["→"][-1][1] - 1), gone)
    leg.frame("←", Opcode.CLOSE, b"\x03\xe8")


def _proxy(world: World, front: Leg) -> Iterator[Callable]:
    """A proxy: has a head before it sends one on; a body it passes on as it comes, or when it has it all."""
    buffers = world.chance.random() < 0.5 and not front.ask.talk
    yield front.line.has("→", front.request[1])
    size = sum(map(len, front.ask.upload)) if not front.ask.socket else 0
    if buffers:
        yield lambda: front.up.arrived() >= size
    behind = Leg(Line(world, "behind"), front.ask)
    behind.send_request()
    world.know("proxy", front.last_of_request(), behind.line.key("→", behind.request[0]))
    world.start(_server(world, behind))
    if front.ask.awaited:
        world.start(_tell(front, behind))
    if front.ask.socket:
        world.start(_tunnel(world, front, behind, "→"))
    else:
        world.start(_upload(world, front, behind, size))
    yield lambda: behind.answer is not None and len(behind.line.got["←"]) >= behind.answer[1]
    hold = world.chance.random() < 0.5 and not front.ask.talk and not front.ask.awaited and not front.ask.socket
    if hold:
        yield behind.is_over
    front.send_answer()
    world.know("proxy", behind.line.key("←", behind.answer[1] - 1), front.line.key("←", front.answer[0]))
    if front.ask.socket:
        yield from _tunnel(world, front, behind, "←")
        behind.line.end()
        return
    size, passed = sum(map(len, front.ask.download)), 0
    while passed < size:
        yield lambda passed=passed: behind.down.arrived() > passed
        there = behind.down.arrived()
        data = b"".join(front.ask.download)[passed:there]
        front.down.send(data, front.ask.chunked)
        for byte in range(passed, there):
            world.know("proxy", behind.down.key(byte), front.down.key(byte))
        passed = there
    yield behind.is_over
    front.finish()
    behind.line.end()


def _tell(front: Leg, behind: Leg) -> Iterator[Callable]:
    """The app hears of the cell's notes, however many hops away."""
    for _ in front.ask.download[:-1]:
        told = len(behind.notes)
        yield lambda told=told: len(front.notes) > told
        behind.notes = dict(front.notes)


def _upload(world: World, front: Leg, behind: Leg, size: int) -> Iterator[Callable]:
    passed, body = 0, b"".join(front.ask.upload)
    while passed < size:
        yield lambda passed=passed: front.up.arrived() > passed
        there = front.up.arrived()
        behind.up.send(body[passed:there], False)
        for byte in range(passed, there):
            world.know("proxy", front.up.key(byte), behind.up.key(byte))
        passed = there


def _tunnel(world: World, front: Leg, behind: Leg, way: str) -> Iterator[Callable]:
    """Passes frames on, byte by byte, as they come."""
    source, copy = (front, behind) if way == "→" else (behind, front)
    start = source.request[1] if way == "→" else source.answer[1]
    target = len(copy.line.sent[way])
    total = len(front.ask.download) + 1  # frames
    passed = 0

    def done() -> bool:
        frames = source.frames[way]
        return len(frames) == total and passed >= frames[-1][1] - start

    while not done():
        yield lambda passed=passed: len(source.line.got[way]) > start + passed or done()
        data = source.line.got[way][start + passed :]
        copy.line.send(way, data)
        passed += len(data)
        copy.frames[way] = [(a - start + target, b - start + target) for a, b in source.frames[way]]
        for (_, one), (_, other) in zip(source.frames[way], copy.frames[way], strict=True):
            if one <= start + passed:
                pair = ("proxy", source.line.key(way, one - 1), copy.line.key(way, other - 1))
                if pair not in world.known:
                    world.know(*pair)
