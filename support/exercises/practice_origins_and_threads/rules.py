"""Exercise "three kinds of client": who gets in past the learner's guard, on uvicorn, then on daphne."""

from pathlib import Path

from ...errors import Said
from .. import exercise, expect, in_turn
from ..drive import HANDSHAKE, Answer, connect, judged, receive, serving, written
from ..trouble import with_trouble

HERE = Path(__file__).parent
PROGRAMS = {name: HERE / name for name in ("exercise_guarded.py", "exercise_guarded_settings.py")}
PATIENCE = 10  # seconds for an answer
BEARER = {"Authorization": "Bearer tea-for-two"}
# Who asks, in English and Korean, with which headers, and whether they get in.
CLIENTS = [
    (Said("a page of the site", "사이트의 페이지"), {"Origin": "https://chat.example"}, True),
    (Said("a page of another site", "다른 사이트의 페이지"), {"Origin": "https://evil.example"}, False),
    (Said("the native app with its token", "토큰을 보내는 네이티브 앱"), BEARER, True),
    (Said("a script without a token", "토큰이 없는 스크립트"), {}, False),
    (Said("a script with a wrong token", "토큰이 틀린 스크립트"), {"Authorization": "Bearer tea-for-two-more"}, False),
    (Said("the site without TLS", "TLS를 쓰지 않는 사이트"), {"Origin": "http://chat.example"}, False),
    (Said("the site on another port", "포트가 다른 사이트"), {"Origin": "https://chat.example:8443"}, False),
    (Said("a longer name", "이름이 더 긴 사이트"), {"Origin": "https://chat.example.evil.example"}, False),
    (Said("a page without an origin of its own", "출처가 없는 페이지"), {"Origin": "null"}, False),
    (Said("a site with the token", "토큰을 아는 다른 사이트"), {"Origin": "https://evil.example"} | BEARER, False),
]  # fmt: skip


@exercise
def rules(bench):
    """Ten handshakes: each must get 101 or 403, as the task says."""
    written(bench, "rules.py")

    def on(program: str) -> None:
        with serving(bench, PROGRAMS, aloud=False) as serve:
            tap = serve(f"{program} exercise_guarded:application")
            for number, client in enumerate(CLIENTS, 1):
                with judged(tap):
                    _judge(tap, program, number, *client)

    in_turn(on, ("uvicorn", "daphne"))
    return Said(
        "All ten get what they should, on uvicorn and on daphne.",
        "uvicorn에서도 daphne에서도 클라이언트 열이 모두 맞는 응답을 받습니다.",
    )


def _judge(tap, program: str, number: int, who: Said, headers: dict[str, str], welcome: bool) -> None:
    """One client's handshake."""
    with connect(tap, "GET /", HANDSHAKE | headers) as client:
        client.settimeout(PATIENCE)
        answer = receive(client, lambda came: Answer(came, ended=False).whole)
    wanted = "101 Switching Protocols" if welcome else "403 Forbidden"
    sent = ", ".join(f"{name}: {value}" for name, value in headers.items())
    sent = Said(f"`{sent}`" if sent else "neither header", f"`{sent}`" if sent else "두 헤더 모두 없음")
    verb = (
        Said("should get in", "들어올 수 있어야")
        if welcome
        else Said("should be refused with 403", "403으로 거부되어야")
    )
    topic = "은" if who.ko.endswith("앱") else "는"
    message = Said(
        f"{program}, client {number} of 10: {who.en} ({sent.en}) {verb.en}.",
        f"{program}, 클라이언트 10개 중 {number}번: {who.ko}({sent.ko}){topic} {verb.ko} 합니다.",
    )
    right = answer.code == (101 if welcome else 403)
    expect(right, message if right else with_trouble([tap], _how(tap, message)), answer.status, wanted)


def _how(tap, message: Said) -> Said:
    """The message, and what the app did instead of an answer, where its events show it."""
    events = tap.upstream.events()
    names = [event.name for event in events if event.exchange == events[-1].exchange]
    if {"websocket.accept", "websocket.close"} <= set(names):
        return message + Said("It was accepted first, and then closed.", "먼저 수락하고 나서 닫았습니다.")
    if names and names[-1] == "return" and not {"websocket.accept", "websocket.close"} & set(names):
        return message + Said(
            "The app returned without an answer: neither accept nor close.",
            "앱이 수락도 닫기도 하지 않고 반환했습니다.",
        )
    return message
