"""Exercise "four sites": each site on the arrangement chosen for it, and its demands put to it one by one."""

import functools
import json
import os
from pathlib import Path

from websockets.exceptions import WebSocketException

from ...errors import Said
from .. import exercise, expect, expect_dict, in_turn
from ..drive import ask, handshake, judged
from ..nginx_hybrid.servers import PATIENCE, halves, serving, site
from ..websocket import connect

HERE = Path(__file__).parent
ARRANGEMENTS = ("wsgi", "path", "upgrade", "asgi")
PATIENCE_WITH_A_PAGE = 5  # seconds: a page that has to wait for the report never comes before


@exercise
def four_sites(bench, choice):
    """Runs the arrangement chosen for each site and puts the site's demands to it."""
    expect_dict(choice, "choice")
    chosen = {name: str(choice.get(name)).strip().lower() for name in DEMANDS}
    for name, arrangement in chosen.items():
        names = ", ".join(ARRANGEMENTS)
        expect(
            arrangement in ARRANGEMENTS,
            Said(f"{name}: choose one of {names}.", f"{name}: 다음 중 하나를 고르세요. {names}"),
        )
    with serving(bench, HERE) as serve:
        both = halves(serve)
        servers = functools.cache(functools.partial(_servers, serve, both))

        def judge(name: str) -> None:
            for demand in DEMANDS[name]:
                front, chat = servers(chosen[name])
                with judged(*dict.fromkeys((front, *both.values()))):
                    demand(f"{name} on {chosen[name]}", f"{name} 사이트, {chosen[name]} 구성", front, chat)

        in_turn(judge, DEMANDS)
    return Said("All four sites run as they must.", "네 사이트가 모두 요구 사항대로 동작합니다.")


def _servers(serve, both, arrangement):
    """The tap that the browser asks in an arrangement, and the one before the server that has the chat."""
    if arrangement == "wsgi":
        return both["pages"], both["pages"]
    if arrangement == "asgi":
        whole = serve("daphne exercise_whole:app")
        return whole, whole
    return serve(site=site(arrangement, HERE), names=both), both["chat"]


# A demand is put to a site: (its name on its arrangement, the same in Korean, front, chat).


def _answers(path, half):
    """The demand that a plain GET of the path is answered by that half."""

    def demand(en, ko, front, chat):
        came = json.loads(ask(front, f"GET {path}").body)["half"]
        expect(
            came == half,
            Said(
                f"{en}: a plain GET of {path} was answered by the {came} half.",
                f"{ko}: {path}로 보낸 일반 GET에 {came} 쪽이 응답했습니다.",
            ),
            came,
            half,
        )

    return demand


def _no_socket(en, ko, front, chat):
    """The demand that a handshake fails."""
    expect(
        handshake(front, "/ws/").code != 101,
        Said(
            f"{en}: a handshake got 101, though nothing on this site may open a WebSocket.",
            f"{ko}: 이 사이트에서는 웹소켓이 열리면 안 되는데 핸드셰이크에 101이 돌아왔습니다.",
        ),
    )


def _socket(path, meanwhile=lambda en, ko, front, chat, socket: None):
    """The demand that a socket opens at the path, and a second one to be met while it is open."""

    def demand(en, ko, front, chat):
        try:
            with connect(f"{front.ws_url}{path}", front, chat, open_timeout=PATIENCE) as socket:
                socket.send("hello")
                socket.recv(timeout=PATIENCE)
                meanwhile(en, ko, front, chat, socket)
        except (WebSocketException, OSError) as error:
            why = _refusal(error)
            expect(
                False,
                Said(
                    f"{en}: no WebSocket opens at {path} ({why.en}).",
                    f"{ko}: {path}에서 웹소켓이 열리지 않습니다({why.ko}).",
                ),
            )

    return demand


def _refusal(error) -> Said:
    """Which half answered the handshake, and with which status; the error's own words, if no half did."""
    try:
        half, code = json.loads(error.response.body)["half"], error.response.status_code
    except (AttributeError, TypeError, ValueError):
        return Said(str(error), str(error))
    return Said(f"the {half} half answered the handshake with {code}", f"{half} 쪽이 핸드셰이크에 {code} 응답")


def _counts(en, ko, front, chat, socket):
    """The demand that the page counts whoever is in the room."""
    people = json.loads(ask(front, "GET /who").body)["people"]
    expect(
        people,
        Said(
            f"{en}: the page counts {people} people while one is in the room.",
            f"{ko}: 방에 한 사람이 있는데 페이지는 {people}명으로 셉니다.",
        ),
        people,
        1,
    )


def _during_report(en, ko, front, chat, socket):
    """The demand that a page is served while the chat computes a report, which goes on until it is told a word."""
    go_on = Path(chat.upstream.folder, "go-on")
    go_on.unlink(missing_ok=True)
    os.mkfifo(go_on)
    word = os.open(go_on, os.O_RDWR)  # for reading too: so neither side waits for the other to open it
    try:
        socket.send("/report")
        chat.upstream.log("computing a report", timeout=PATIENCE)
        answer = ask(front, "GET /faq", timeout=PATIENCE_WITH_A_PAGE)
        os.write(word, b"the page has been asked for\n")
        socket.recv(timeout=PATIENCE)
    finally:
        os.close(word)
    expect(
        answer.code == 200,
        Said(
            f"{en}: the page had to wait until the report was done.",
            f"{ko}: 보고서가 완성될 때까지 페이지가 응답하지 못했습니다.",
        ),
        answer.status,
        "200 OK",
    )


DEMANDS = {
    "brochure": [_answers("/faq", "pages"), _no_socket],
    "helpdesk": [_socket("/ws/", _during_report), _answers("/ws/health", "chat")],
    "lobby": [_socket("/ws/"), _socket("/ws/", _counts)],
    "wiki": [_answers("/wiki/7", "pages"), _socket("/wiki/7", _during_report)],
}
