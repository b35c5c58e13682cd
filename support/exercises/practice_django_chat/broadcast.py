"""Exercise "a broadcast for all": the learner's consumer in two processes, daphne and uvicorn, and a Redis."""

import re
from contextlib import ExitStack, suppress
from pathlib import Path

import redis
from websockets.exceptions import ConnectionClosed, WebSocketException
from websockets.sync.client import ClientConnection, connect

from ...errors import Said, raised
from ...loopback import HOST
from ...waiting import until
from ...wire.tap import Tap
from .. import NotYet, exercise, expect
from ..asleep import PATIENCE, at_rest, heard
from ..drive import judged, serving, written
from ..trouble import with_trouble

HERE = Path(__file__).parent
PROGRAMS = {name: HERE / name for name in ("exercise_asgi.py", "exercise_settings.py")}
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
        return connect(f"{taps[program].ws_url}/ws/{room}/", compression=None, open_timeout=PATIENCE)
    except (WebSocketException, OSError) as error:
        words = raised(error)
        message = Said(
            f"{name} could not enter /ws/{room}/ on {program}: `{words}`",
            f"{name} 쪽에서 {program} 서버의 /ws/{room}/에 들어가지 못했습니다: `{words}`",
        )
        raise NotYet(with_trouble(taps.values(), message)) from error


def _says(taps: dict[str, Tap], people: dict[str, ClientConnection], speaker: str, text: str) -> None:
    """One says a text, and each in the room must hear it next."""
    with suppress(ConnectionClosed):  # then nobody hears it, which is told
        people[speaker].send(text)
    for name, socket in people.items():
        if SEATS[name][1] == SEATS[speaker][1]:
            _judge(taps, text, name, heard(socket, *taps.values()))


def _judge(taps: dict[str, Tap], text: str, name: str, came: str) -> None:
    """What somebody heard must be the text."""
    speaker = SPEAKERS[text]
    (there, room), (here, _) = SEATS[speaker], SEATS[name]
    said = Said(f"{speaker} said {text!r} in {room},", f"{room} 방에서 {speaker} 쪽이 {text!r} 메시지를 보냈는데")
    silent = Said(f"and {name} heard nothing.", f"{name} 쪽에는 아무것도 오지 않았습니다.")
    if here == there:
        processes = Said(f"Both sit in the {here} process.", f"둘 다 {here} 프로세스에 있습니다.")
    else:
        processes = Said(
            f"{speaker} sits in the {there} process, {name} in the {here} process.",
            f"{speaker} 쪽은 {there} 프로세스에, {name} 쪽은 {here} 프로세스에 있습니다.",
        )
    too = Said("The speaker hears it too.", "말한 사람에게도 가야 합니다.")
    places = too if name == speaker else processes
    expect(came, with_trouble(taps.values(), said + silent + places + _at_redis(taps["redis"], text)), "", text)
    other = Said(f"and the next that {name} heard was {came!r}.", f"{name} 쪽에 다음으로 온 메시지는 {came!r}입니다.")
    expect(came == text, with_trouble(taps.values(), said + other + _origin(came, room)), came, text)


def _at_redis(store: Tap, text: str) -> Said:
    """How far the text has come: what crossed to Redis."""
    crossed = store.bytes("→")
    if not crossed:
        return Said("Nothing at all has come to Redis.", "Redis에는 아무것도 오지 않았습니다.")
    if not JOINS.search(crossed):
        return Said("Nobody has joined a group in Redis.", "Redis의 그룹에 들어간 멤버가 없습니다.")
    if text.encode() not in crossed:
        return Said("The text has not come to Redis.", "이 메시지는 Redis에 오지 않았습니다.")
    return Said("The text has come to Redis.", "이 메시지는 Redis까지는 왔습니다.")


def _origin(came: str, room: str) -> Said:
    """Where a wrong text comes from."""
    if came not in SPEAKERS:
        return Said("What is said must arrive as it is.", "보낸 메시지가 그대로 와야 합니다.")
    if SEATS[SPEAKERS[came]][1] != room:
        return Said("That was said in another room.", "다른 방의 메시지입니다.")
    return Said("That came once already.", "이미 한 번 온 메시지입니다.")


def _judge_what_is_left(taps: dict[str, Tap]) -> None:
    """No group may have a member once all have gone."""
    with redis.Redis(HOST, taps["redis"].upstream.port) as asked:

        def members() -> list[bytes]:
            return [*asked.keys("*group*"), *asked.pubsub_channels("*group*")]

        until(lambda: not members() or at_rest(*taps.values()), PATIENCE)
        expect(
            not members(),
            Said(
                "All four have left, and Redis still keeps members of a group. Whoever leaves must be taken out.",
                "네 명 모두 나갔는데 Redis의 그룹에 멤버가 남아 있습니다. 나가는 멤버는 그룹에서 빼야 합니다.",
            ),
        )
