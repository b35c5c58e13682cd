"""Exercise "a broadcast for all": the learner's consumer in two processes, daphne and uvicorn, and a Redis."""

import re
from contextlib import ExitStack, suppress
from pathlib import Path

import redis
from websockets.exceptions import ConnectionClosed, WebSocketException
from websockets.sync.client import ClientConnection

from ...errors import Said, raised
from ...loopback import HOST
from ...waiting import until
from ...wire.tap import Tap
from .. import NotYet, exercise, expect
from ..asleep import PATIENCE, at_rest, heard
from ..drive import judged, serving, written
from ..trouble import with_trouble
from ..websocket import connect

HERE = Path(__file__).parent
PROGRAMS = {name: HERE / name for name in ("exercise_asgi.py", "exercise_settings.py")}
PUBLISHED = re.compile(rb"\r\nPUBLISH\r\n\$\d+\r\n([^\r]*)\r\n\$\d+\r\n([^*]*)")  # the channel, and the message
JOINS = re.compile(rb"\r\n(?:ZADD|SUBSCRIBE)\r\n\$\d+\r\n[^\r]*group")  # of the layer in core, and of the one in pubsub
# Who sits in which process and in which room, and who says what, in this order; after "four" bob leaves.
SEATS = {"ann": ("daphne", "tea"), "bob": ("daphne", "tea"), "cho": ("uvicorn", "tea"), "dan": ("uvicorn", "coffee")}
SPEAKERS = {"one": "ann", "two": "cho", "three": "dan", "four": "bob", "five": "cho"}


@exercise
def broadcast(bench):
    """Four clients in two processes and two rooms: whoever shares a room hears each text once."""
    written(bench, "hall.py")
    with serving(bench, PROGRAMS, aloud=False) as serve:
        store = serve("redis-server --maxclients 1000", client="Channels")
        command = f"env REDIS_URL=redis://{store.address} {{}} exercise_asgi:application"
        taps = {name: serve(command.format(name)) for name in ("daphne", "uvicorn")} | {"redis": store}
        with ExitStack() as sockets, judged(*taps.values()):
            people = {name: sockets.enter_context(_entered(taps, name)) for name in SEATS}
            for text, speaker in SPEAKERS.items():
                _says(taps, people, speaker, text)
                if text == "four":
                    people.pop("bob").close()
            sockets.close()
            _judge_what_is_left(taps)
    return Said(
        "Everybody hears everybody in their room, once, whichever process they sit in, and Redis is left clean.",
        "어느 프로세스에 있든 같은 방의 메시지를 모두가 한 번씩 받고, Redis에 남은 멤버도 없습니다.",
    )


def _entered(taps: dict[str, Tap], name: str) -> ClientConnection:
    """The WebSocket of one of the four."""
    program, room = SEATS[name]
    try:
        return connect(f"{taps[program].ws_url}/ws/{room}/", taps[program])
    except (WebSocketException, OSError) as error:
        words = raised(error)
        message = Said(
            f"{name} could not enter /ws/{room}/ on {program}: `{words}`.",
            f"{name} 클라이언트가 {program} 서버의 /ws/{room}/에 들어가지 못했습니다: `{words}`.",
        )
        raise NotYet(with_trouble(taps.values(), _how(taps[program], message))) from error


def _how(tap: Tap, message: Said) -> Said:
    """The message, and that the consumer left the handshake without an answer, where its events show that."""
    names = {event.name for event in tap.upstream.events()}
    if "websocket.connect" in names and not names & {"websocket.accept", "websocket.close", "raise"}:
        return message + Said(
            "`connect` neither accepted the WebSocket nor closed it.",
            "`connect` 메서드가 웹소켓을 수락하지도 닫지도 않았습니다.",
        )
    return message


def _says(taps: dict[str, Tap], people: dict[str, ClientConnection], speaker: str, text: str) -> None:
    """One says a text, and each in the room must hear it next."""
    with suppress(ConnectionClosed):  # then nobody hears it, which is told
        people[speaker].send(text)
    for name, socket in people.items():
        if SEATS[name][1] == SEATS[speaker][1]:
            _judge(taps, text, name, heard(socket, *taps.values()))


def _judge(taps: dict[str, Tap], text: str, name: str, came: str) -> None:
    """What somebody heard must be the text."""
    if came == text:
        return
    speaker = SPEAKERS[text]
    (there, room), (here, _) = SEATS[speaker], SEATS[name]
    said = Said(
        f"{speaker} said {text!r} in {room},",
        f"{speaker} 클라이언트가 {room} 방에 {text!r} 메시지를 보냈는데",
    )
    if came:
        other = Said(
            f"and the next text that {name} heard was {came!r}.",
            f"{name} 클라이언트가 다음으로 받은 메시지는 {came!r}입니다.",
        )
        why = other + _origin(came, room)
    else:
        silent = Said(f"and {name} heard nothing.", f"{name} 클라이언트는 아무것도 받지 못했습니다.")
        why = silent + _seats(speaker, there, name, here) + _at_redis(taps["redis"], text)
    expect(False, with_trouble(taps.values(), said + why), came, text)


def _seats(speaker: str, there: str, name: str, here: str) -> Said:
    """Where the speaker sits, and where the one who heard nothing."""
    if name == speaker:
        return Said("The speaker must hear it too.", "보낸 클라이언트도 받아야 합니다.")
    if here == there:
        return Said(f"Both sit in the {here} process.", f"둘 다 {here} 프로세스에 접속해 있습니다.")
    return Said(
        f"{speaker} sits in the {there} process, {name} in the {here} process.",
        f"보낸 클라이언트는 {there} 프로세스에, 받을 클라이언트는 {here} 프로세스에 접속해 있습니다.",
    )


def _at_redis(store: Tap, text: str) -> Said:
    """How far the text has come: what crossed to Redis."""
    crossed = store.bytes("→")
    if not crossed:
        return Said("Nothing at all has come to Redis.", "Redis에는 아무것도 오지 않았습니다.")
    if not JOINS.search(crossed):
        return Said("Nobody has joined a group in Redis.", "Redis의 그룹에 들어간 멤버가 없습니다.")
    if text.encode() not in crossed:
        return Said("The text has not come to Redis.", "이 메시지는 Redis에 오지 않았습니다.")
    to = [channel for channel, message in PUBLISHED.findall(crossed) if text.encode() in message]
    if to and not any(b"group" in channel for channel in to):
        return Said(
            "The text has come to Redis, for a single member and not for the group.",
            "이 메시지는 Redis까지 왔지만, 그룹이 아니라 멤버 하나에게 보낸 메시지입니다.",
        )
    return Said("The text has come to Redis.", "이 메시지는 Redis까지는 왔습니다.")


def _origin(came: str, room: str) -> Said:
    """Where a wrong text comes from."""
    if came not in SPEAKERS:
        return Said("The text must arrive unchanged.", "보낸 메시지가 그대로 와야 합니다.")
    if SEATS[SPEAKERS[came]][1] != room:
        return Said("That was said in another room.", "다른 방의 메시지입니다.")
    return Said("That came once already.", "이미 한 번 온 메시지입니다.")


def _judge_what_is_left(taps: dict[str, Tap]) -> None:
    """The members must have met in the Redis that the task names, and no group may have one once all have gone."""
    expect(
        taps["redis"].bytes("→"),
        Said(
            "Everybody hears everybody, and yet nothing has come to the address in `REDIS_URL`: the layer has its own.",
            "모두 메시지를 받았지만 `REDIS_URL`의 주소로는 아무것도 오지 않았습니다. 레이어가 다른 주소를 씁니다.",
        ),
    )
    with redis.Redis(HOST, taps["redis"].upstream.port) as asked:

        def members() -> list[bytes]:
            return [*asked.keys("*group*"), *asked.pubsub_channels("*group*")]

        until(lambda: not members() or at_rest(*taps.values()), PATIENCE)
        message = Said(
            "All four have left, and Redis still keeps members of a group. Whoever leaves must be taken out of it.",
            "네 명 모두 나갔는데 Redis의 그룹에 멤버가 남아 있습니다. 나가는 멤버는 그룹에서 빼야 합니다.",
        )
        left = members()
        expect(not left, with_trouble(taps.values(), message) if left else message)
