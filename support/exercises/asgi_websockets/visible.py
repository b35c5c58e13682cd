"""Exercise "visible": who may not come in is told so by a Close with 4401, which a browser can see."""

import re
from pathlib import Path

from websockets.exceptions import InvalidHandshake, InvalidStatus
from websockets.sync.client import ClientConnection

from ...errors import Said
from ..asgi import expect_of, on_both
from ..asleep import PATIENCE, heard
from ..drive import ask, judged
from .clients import opened, parted, settles

PROGRAM = Path(__file__).with_name("visible_app.py")
COOKIE = {"Cookie": "session=tea"}
CODE = 4401
OFFERED = ["chat.v2", "chat.v1"]
HEADER = "Sec-WebSocket-Protocol"


@on_both("visible.py", PROGRAM)
def visible(tap, program):
    """A page is asked for; ann comes with the cookie, bob without it; cho has none either, and offers subprotocols."""
    with judged(tap):
        _judge_page(tap, program)
    with judged(tap):
        _judge_welcome(tap, program)
    for name, subprotocols in (("bob", None), ("cho", OFFERED)):
        with judged(tap):
            _judge_stranger(tap, program, name, subprotocols)
    return Said(
        f"On uvicorn and on daphne, a client without a cookie sees {CODE}, whatever subprotocols it offers, and never "
        "reaches the app. Everything else does.",
        f"uvicorn과 daphne 모두에서 쿠키가 없는 클라이언트는 어떤 서브프로토콜을 제안하든 {CODE}을 보고, 앱은 이 "
        "클라이언트 때문에 호출되지 않습니다. 나머지는 모두 앱에 닿습니다.",
    )


def _judge_page(tap, program: str) -> None:
    """What is no WebSocket must reach the app unasked: a page, and on uvicorn the lifespan before it."""
    answer = ask(tap, "GET /?page", timeout=PATIENCE)
    expect_of(
        tap,
        answer.code == 200,
        Said(
            f"{program}: a page request did not get the app's answer. Guard the scopes of type websocket, and hand "
            "all others to the app.",
            f"{program}: 페이지 요청에 앱의 응답이 오지 않았습니다. websocket 타입 스코프만 막고, 나머지는 모두 앱에 "
            "넘기세요.",
        ),
        answer.status,
        "200 OK",
    )
    expect_of(
        tap,
        answer.body == b"started" or program == "daphne",  # which has no lifespan
        Said(
            f"{program}: the app's lifespan never began. A lifespan has no client: hand it to the app, without asking "
            "allowed().",
            f"{program}: 앱의 라이프스팬이 시작되지 않았습니다. 라이프스팬에는 클라이언트가 없습니다. allowed()를 "
            "호출하지 말고 앱에 그대로 넘기세요.",
        ),
        answer.body.decode(errors="replace"),
        "started",
    )


def _judge_welcome(tap, program: str) -> None:
    """ann, who has the cookie, must be answered by the app itself."""
    try:
        with opened(tap, "/room?ann", additional_headers=COOKIE) as ws:
            ws.send("tea")
            came = heard(ws, tap) or "nothing"
    except InvalidStatus as refused:
        came = f"HTTP {refused.response.status_code}"
    except (InvalidHandshake, TimeoutError, OSError):
        came = "no answer"
    expect_of(
        tap,
        came == "tea",
        Said(
            f"{program}: ann has the cookie, and her echo does not come back.",
            f"{program}: ann은 쿠키가 있는데도 에코를 돌려받지 못합니다.",
        )
        + _where(tap.upstream.log(), came),
        came,
        "tea",
    )


def _where(log: str, came: str) -> Said:
    """How far ann has come, from the log."""
    if "the app was called for ann" not in log:
        return Said("Your code never called the app for her.", "작성한 코드가 ann의 스코프로 앱을 호출하지 않았습니다.")
    if "the app heard websocket.connect first, from ann" not in log:
        return Said(
            "The app waits for websocket.connect: your code has received that event, which was meant for the app.",
            "앱이 websocket.connect를 기다리고 있습니다. 앱이 받아야 할 이 이벤트를 작성한 코드가 먼저 받았습니다.",
        )
    if came.startswith("HTTP"):
        return Said("The app was called, and she was refused.", "앱은 호출되었지만 접속은 거부되었습니다.")
    return Said(
        "The app was called: for a client that may come in, your code must send and receive nothing of its own.",
        "앱은 호출되었습니다. 들어와도 되는 클라이언트에게는 작성한 코드가 아무것도 보내거나 받지 않아야 합니다.",
    )


def _judge_stranger(tap, program: str, name: str, subprotocols: list[str] | None) -> None:
    """Who has no cookie must see a handshake that is accepted, then the Close; the app must not be called."""
    try:
        ws = opened(tap, f"/room?{name}", subprotocols=subprotocols)
    except InvalidStatus as refused:
        _refused(tap, program, name, refused.response.status_code)
    except (InvalidHandshake, TimeoutError, OSError):
        _unanswered(tap, program, name)
    with ws:
        code = parted(ws, tap)
        settles(tap, lambda: f"the call is over for {name}" in tap.upstream.log())
        _judge_kept_out(tap, program, name, code)
        _judge_code(tap, program, name, code)
        if subprotocols:
            _judge_subprotocol(tap, program, name, ws)


def _refused(tap, program: str, name: str, status: int) -> None:
    """The handshake was answered with an HTTP status: no browser tells a script which."""
    what = Said(
        f"{program}: {name}'s handshake was answered with HTTP {status}.",
        f"{program}: {name}의 핸드셰이크에 HTTP {status} 응답이 왔습니다.",
    )
    if status == 500:
        why = Said("Your code did not get as far as websocket.accept.", "websocket.accept까지 가지 못했습니다.")
    elif status == 403:
        why = Said(
            "That is what a websocket.close before websocket.accept becomes, whatever code it has, and in a browser it "
            "is 1006. Accept first.",
            "websocket.accept보다 먼저 보낸 websocket.close는 코드와 상관없이 이렇게 되고, 브라우저에서는 1006으로 "
            "보입니다. 먼저 수락하세요.",
        )
    else:
        why = Said(
            "A browser tells the page neither the status nor the body of a failed handshake: the script sees 1006. "
            "Accept first.",
            "핸드셰이크가 실패하면 브라우저는 상태 코드도 본문도 페이지에 알려 주지 않습니다. 스크립트에는 1006만 "
            "보입니다. 먼저 수락하세요.",
        )
    expect_of(tap, False, what + why, f"HTTP {status}", "HTTP 101")


def _unanswered(tap, program: str, name: str) -> None:
    """No handshake came about: the server said nothing, or something that no client takes."""
    if chosen := re.search(f"^{HEADER}: (.*)\r$", tap.bytes("←").decode("latin-1"), re.MULTILINE | re.IGNORECASE):
        _not_offered(tap, program, name, chosen[1])
    expect_of(
        tap,
        False,
        Said(
            f"{program}: {name}'s handshake was not answered. Accept first, with a subprotocol that was offered or "
            "with None, then close.",
            f"{program}: {name}의 핸드셰이크에 응답이 없습니다. 제안받은 서브프로토콜이나 None으로 먼저 수락한 다음 "
            "닫으세요.",
        ),
        "no answer",
        "HTTP 101",
    )


def _not_offered(tap, program: str, name: str, chosen: str) -> None:
    """The server has named a subprotocol that the client did not offer."""
    expect_of(
        tap,
        False,
        Said(
            f"{program}: the answer to {name} names the subprotocol {chosen!r}, which {name} did not offer: a client "
            "ends such a connection (RFC 6455, section 4.1). Choose from scope['subprotocols'], which may be empty.",
            f"{program}: {name} 쪽이 제안하지 않은 서브프로토콜 {chosen!r}로 응답했습니다. 이러면 클라이언트가 연결을 "
            "끊습니다(RFC 6455, 4.1절). scope['subprotocols']에서 고르세요. 비어 있을 수도 있습니다.",
        ),
        f"{HEADER}: {chosen}",
        f"{HEADER}: {OFFERED[0]}" if name == "cho" else f"no {HEADER}",
    )


def _judge_kept_out(tap, program: str, name: str, code: int | None) -> None:
    """The app must not be called for a stranger, before the Close or after it."""
    cure = Said("Accept and close instead.", "앱을 호출하는 대신 수락하고 닫으세요.")
    if code == CODE:
        cure = Said("After the Close there is nothing left to do: return.", "닫았다면 더 할 일이 없으니 반환하세요.")
    expect_of(
        tap,
        f"the app was called for {name}" not in tap.upstream.log(),
        Said(
            f"{program}: {name} has no cookie, and the app was called all the same.",
            f"{program}: 쿠키가 없는 {name} 쪽에서 접속했는데도 앱이 호출되었습니다.",
        )
        + cure,
    )


def _judge_code(tap, program: str, name: str, code: int | None) -> None:
    """The WebSocket must have ended, with the one code."""
    how = {
        None: Said(
            "stays open: the handshake is accepted, and no websocket.close follows.",
            "열려 있습니다. 핸드셰이크를 수락한 뒤 websocket.close를 보내지 않았습니다.",
        ),
        1006: Said(
            "ended without a Close (1006): send websocket.close before the call returns.",
            "Close 프레임 없이 끊겼습니다(1006). 반환하기 전에 websocket.close를 보내세요.",
        ),
        1011: Said(
            "was closed with 1011, which the server sends when an app raises.",
            "1011 코드로 닫혔습니다. 앱에서 예외가 났을 때 서버가 보내는 코드입니다.",
        ),
    }.get(code, Said(f"was closed with {code}.", f"{code} 코드로 닫혔습니다."))
    expect_of(
        tap,
        code == CODE,
        Said(
            f"{program}: {name} has no cookie; the WebSocket {how.en} The page must be able to read {CODE} in its "
            "close event.",
            f"{program}: 쿠키가 없는 {name}의 웹소켓은 {how.ko} 페이지가 close 이벤트에서 {CODE}을 읽을 수 있어야 "
            "합니다.",
        ),
        "open" if code is None else code,
        CODE,
    )


def _judge_subprotocol(tap, program: str, name: str, ws: ClientConnection) -> None:
    """A browser that offers subprotocols must be answered one of them."""
    chosen = ws.response.headers.get(HEADER)
    expect_of(
        tap,
        chosen in OFFERED,
        Said(
            f"{program}: {name} offered {', '.join(OFFERED)}; the 101 chooses none. This client lets that pass; "
            f"Chromium ends the connection, and its page sees 1006 in place of {CODE}. Accept one that was offered.",
            f"{program}: {name} 쪽이 제안한 서브프로토콜은 {', '.join(OFFERED)}인데 101 응답에서 하나도 고르지 "
            f"않았습니다. 이 클라이언트는 그냥 넘어가지만, Chromium은 연결을 끊고 페이지에는 {CODE} 대신 1006이 "
            "보입니다. 제안받은 것 가운데 하나로 수락하세요.",
        ),
        f"{HEADER}: {chosen}" if chosen else f"no {HEADER}",
        f"{HEADER}: {OFFERED[0]}",
    )
