"""Exercise "four sites": each site on the arrangement chosen for it, and its demands put to it one by one."""

import functools
from pathlib import Path

from websockets.exceptions import WebSocketException
from websockets.sync.client import connect

from .. import exercise, expect
from .servers import HANDSHAKE, PATIENCE, client, halves, running, site

ARRANGEMENTS = ("wsgi", "path", "upgrade", "asgi")


@exercise
def four_sites(bench, choice):
    """Runs the arrangement chosen for each site and puts the site's demands to it."""
    expect(isinstance(choice, dict), "choice is not a dict.", "choice는 dict여야 합니다.")
    chosen = {name: str(choice.get(name)).strip().lower() for name in DEMANDS}
    for name, arrangement in chosen.items():
        expect(
            arrangement in ARRANGEMENTS,
            f"{name}: choose one of {', '.join(ARRANGEMENTS)}.",
            f"{name}: 다음 중 하나를 고르세요. {', '.join(ARRANGEMENTS)}",
        )
    with running(bench) as start, client() as browser:
        servers = functools.cache(functools.partial(_servers, start, halves(start)))
        for name, demands in DEMANDS.items():
            for demand in demands:
                wrong = demand(browser, *servers(chosen[name]))
                en, ko = wrong or ("", "")
                expect(not wrong, f"{name} on {chosen[name]}: {en}", f"{name} 사이트, {chosen[name]} 구성: {ko}")
    return "All four sites run as they must.", "네 사이트가 모두 요구 사항대로 동작합니다."


def _servers(start, both, arrangement):
    """The server that the browser asks in an arrangement, and the one that has the chat."""
    if arrangement == "wsgi":
        return both["pages"], both["pages"]
    if arrangement == "asgi":
        whole = start("daphne exercise_whole:app")
        return whole, whole
    return start("nginx", site(arrangement), both), both["chat"]


# A demand is asked of (browser, front, chat). What is wrong comes back in both languages, or None.


def _answers(path, half):
    """The demand that a plain GET of the path is answered by that half."""

    def demand(browser, front, chat):
        seen = browser.get(f"{front.url}{path}").json()
        if seen["half"] == half:
            return None
        return (
            f"a plain GET of {path} was answered by the {seen['half']} half.",
            f"{path}로 보낸 일반 GET에 {seen['half']} 쪽이 응답했습니다.",
        )

    return demand


def _no_socket(browser, front, chat):
    """The demand that a handshake fails."""
    if browser.get(f"{front.url}/ws/", headers=HANDSHAKE).status_code != 101:
        return None
    return (
        "a handshake got 101, though nothing on this site may open a socket.",
        "이 사이트에서는 소켓이 열리면 안 되는데 핸드셰이크에 101이 돌아왔습니다.",
    )


def _socket(path, meanwhile=lambda browser, front, chat, socket: None):
    """The demand that a socket opens at the path, and a second one to be met while it is open."""

    def demand(browser, front, chat):
        try:
            with connect(f"{front.ws_url}{path}", compression=None, open_timeout=PATIENCE, close_timeout=1) as socket:
                socket.send("hello")
                socket.recv(timeout=PATIENCE)
                return meanwhile(browser, front, chat, socket)
        except (WebSocketException, OSError) as error:
            return f"no socket opens at {path} ({error}).", f"{path}에서 소켓이 열리지 않습니다({error})."

    return demand


def _counts(browser, front, chat, socket):
    """The demand that the page counts whoever is in the room."""
    people = browser.get(f"{front.url}/who").json()["people"]
    if people:
        return None
    return (
        f"the page counts {people} people while one is in the room.",
        f"방에 한 사람이 있는데 페이지는 {people}명으로 셉니다.",
    )


def _during_report(browser, front, chat, socket):
    """The demand that a page is served while the chat computes a report."""
    served = Path(chat.folder, "page-served")  # ends the report; without it the report gives up
    served.unlink(missing_ok=True)
    socket.send("/report")
    chat.log("computing a report", timeout=PATIENCE)
    browser.get(f"{front.url}/faq")
    served.touch()
    if socket.recv(timeout=PATIENCE) != "no page came":
        return None
    return "the page had to wait until the report was done.", "보고서가 완성될 때까지 페이지가 응답하지 못했습니다."


DEMANDS = {
    "brochure": [_answers("/faq", "pages"), _no_socket],
    "helpdesk": [_socket("/ws/", _during_report), _answers("/ws/health", "chat")],
    "lobby": [_socket("/ws/"), _socket("/ws/", _counts)],
    "wiki": [_answers("/wiki/7", "pages"), _socket("/wiki/7", _during_report)],
}
