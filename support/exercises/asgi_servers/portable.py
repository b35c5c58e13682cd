"""The check of portable: seven situations on each server, and in each the client must see the same."""

from dataclasses import dataclass
from pathlib import Path

from ...app.events import Event
from ...errors import BenchError, Said
from ...wire.tap import Tap
from .. import UNSAID, exercise, expect, in_turn
from ..asgi import trouble
from ..drive import Answer, chunked, judged, said, serving, written
from ..trouble import code_raised
from .patient import CLOSE, Talk, ask, get, head, talk

PROGRAM = Path(__file__).with_name("portable_app.py")
SERVERS = (
    "uvicorn",
    "daphne",
    "gunicorn -k asgi",
    "hypercorn",
    "uvicorn --http h11",
    "gunicorn -k uvicorn_worker.UvicornWorker",
)
BODY = "메아리".encode()
PIECES = (BODY[:1], BODY[1:], b"\xff\x00")  # the first ends within a character, and the last is no text
MESSAGES = ("hello", "", b"\x00\xff", b"")
NAMES = (
    Said("the text `hello`", "`hello` 텍스트"),
    Said("an empty text", "빈 텍스트"),
    Said("the binary message `00 ff`", "바이너리 메시지 `00 ff`"),
    Said("an empty binary message", "빈 바이너리 메시지"),
)
GOODBYE = "Close 1000"
BROKEN = "an answer that breaks off"


class Bare(str):
    """A word that stands in a comparison without quotes."""

    __repr__ = str.__str__


@dataclass(frozen=True)
class On:
    """One server under judgement, the tap before it, the servers that have passed, and the talk on the first of all."""

    server: str
    tap: Tap
    passed: list[str]
    talks: list[Talk]

    def expect(self, condition: object, message: Said, came: object = UNSAID, wanted: object = UNSAID) -> None:
        """expect() whose message has the server's name, what the learner's code raised, and who has passed."""
        named = Said(f"{self.server}: {message.en}", f"{self.server}: {message.ko}")
        if not condition and (wrong := self.trouble):
            named = wrong + named
        expect(condition, _with_passed(named, self.passed), came, wanted)

    @property
    def events(self) -> list[Event]:
        """What the app has received and sent in this situation."""
        try:
            return [event for event in self.tap.upstream.events() if event.kind != "lifespan"]
        except BenchError:
            return []

    @property
    def raised(self) -> str:
        """What the app raised in this situation; nothing where it did not."""
        return next((event.data for event in self.events if event.name == "raise"), "")

    @property
    def trouble(self) -> Said | None:
        """What went wrong in the learner's code, as the first sentence of a message; or nothing."""
        raised = self.raised
        if "coroutine" in raised:
            said(self.tap, "was never awaited")  # Python says so once the traceback is gone
        if forgotten := trouble(self.tap):
            return forgotten
        return code_raised(raised) if raised else None

    @property
    def early(self) -> bool:
        """Whether the app returned before its answer, or its WebSocket, had an end."""
        names = [event.name for event in self.events]
        return "return" in names and not any(map(_is_last, self.events))


def _is_last(event: Event) -> bool:
    """Whether an answer is complete with this event, or a WebSocket at its end."""
    if event.name.endswith("http.response.body"):
        return not event.data.get("more_body")
    return event.name in ("websocket.close", "websocket.disconnect")


@exercise
def portable(bench):
    """Serves the learner's app on one server after the other, and puts it into each situation there."""
    written(bench, "everywhere.py")
    passed: list[str] = []
    talks: list[Talk] = []
    with serving(bench, {"exercise.py": PROGRAM}) as serve:

        def judge(server: str) -> None:
            on = On(server, _served(serve, server, passed), passed, talks)
            for situation in (_body, _pieces, _nothing, _old_client, _elsewhere, _talk, _refusal):
                on.tap.upstream.clear()
                with judged(on.tap):
                    situation(on)
            passed.append(server)
            on.tap.upstream.stop(grace=0.2)  # six at a time would cost much memory

        in_turn(judge, SERVERS)
    return Said(
        f"{len(SERVERS)} servers, seven situations on each: the same status, body and messages on all of them.",
        f"서버 {len(SERVERS)}가지에서 상황을 일곱 가지씩 시험했습니다. 상태 코드와 본문과 메시지가 모든 "
        "서버에서 같습니다.",
    )


def _with_passed(message: Said, passed: list[str]) -> Said:
    """The message, and on which servers the app has passed."""
    names = ", ".join(passed)
    return message + Said(f"All is well on {names}.", f"{names}에서는 모두 통과했습니다.") if passed else message


def _served(serve, server: str, passed: list[str]) -> Tap:
    """The server behind a tap. NotYet if it does not get ready because of what the app does with the lifespan."""
    try:
        return serve(f"{server} exercise:app")
    except BenchError as error:
        if "ended" in error.en:  # the log says why
            raise
        message = Said(
            f"{server} does not get ready. It has called your app with a scope of type `lifespan`, and the app neither "
            "raised an exception nor sent `lifespan.startup.complete`. Raise one for every type of scope that you do "
            "not know.",
            f"{server} 서버가 시작을 마치지 못합니다. 서버가 `lifespan` 타입 스코프로 앱을 호출했는데 앱은 예외를 "
            "일으키지도, `lifespan.startup.complete`를 보내지도 않았습니다. 모르는 타입의 스코프를 받으면 예외를 "
            "일으키세요.",
            error.evidence,
        )
        expect(False, _with_passed(message, passed))


def _body(on: On) -> None:
    """A request with a body."""
    request = head("POST / HTTP/1.1", "Host: bench", f"Content-Length: {len(BODY)}", CLOSE) + BODY
    what = Said(f"a POST of {len(BODY)} bytes", f"{len(BODY)}바이트를 보낸 POST 요청")
    _echoed(on, what, ask(on.tap, request), BODY)


def _pieces(on: On) -> None:
    """A body in three chunks, which is no text."""
    request = head("POST / HTTP/1.1", "Host: bench", "Transfer-Encoding: chunked", CLOSE) + b"".join(chunked(PIECES))
    what = Said("a POST in three chunks", "청크 셋으로 보낸 POST 요청")
    _echoed(on, what, ask(on.tap, request), b"".join(PIECES))


def _nothing(on: On) -> None:
    """A request without a body."""
    what = Said("a GET, which has no body,", "본문이 없는 GET 요청")
    _echoed(on, what, ask(on.tap, get("/")), b"")


def _old_client(on: On) -> None:
    """A client of HTTP/1.0, which takes the bytes behind the head for the body, to the end of the connection."""
    posted = ask(on.tap, head("POST / HTTP/1.0", f"Content-Length: {len(BODY)}") + BODY)
    _echoed(on, Said("a POST in HTTP/1.0", "HTTP/1.0으로 보낸 POST 요청"), posted, BODY)
    _unchunked(on, posted)
    _unchunked(on, ask(on.tap, head("GET / HTTP/1.0")))
    _unchunked(on, ask(on.tap, head("GET /elsewhere HTTP/1.0")))


def _unchunked(on: On, answer: Answer) -> None:
    """The bytes behind the head must be the body alone."""
    raw = answer.raw.partition(b"\r\n\r\n")[2]
    on.expect(
        raw == answer.body,
        Said(
            "a client of HTTP/1.0 does not know chunks (RFC 9112, section 6.1), and got them as the body. Say how long "
            "the body is, in a content-length of your own: then no server has to choose a framing.",
            "HTTP/1.0 클라이언트는 청크를 모르는데(RFC 9112, 6.1절) 청크를 본문으로 받았습니다. content-length로 본문 "
            "길이를 직접 알려 주세요. 그러면 서버가 프레이밍을 고를 일이 없습니다.",
        ),
        raw,
        answer.body,
    )


def _echoed(on: On, what: Said, answer: Answer, wanted: bytes) -> None:
    """The answer to a request must be 200, whole, with the body that was sent."""
    on.expect(
        answer.code == 200 and answer.whole,
        _got(what, answer) + _advice(on),
        BROKEN if answer.code == 200 else answer.status,
        "200 OK",
    )
    part = wanted.startswith(answer.body) or wanted.endswith(answer.body)
    advice = Said(
        "Echo the bytes as they came: what is decoded comes out as something else, or not at all.",
        "받은 바이트를 그대로 돌려주세요. 디코딩하면 내용이 달라지거나 예외가 납니다.",
    )
    if part:
        advice = Said(
            "A body may come in several http.request events, cut anywhere, and the last of them may be empty: collect "
            "all of them while more_body is true.",
            "본문은 http.request 이벤트 여러 개에 나뉘어 올 수 있고, 나뉘는 자리는 정해져 있지 않으며, 마지막 이벤트는 "
            "비어 있을 수 있습니다. more_body가 참인 동안 모두 모으세요.",
        )
    on.expect(
        answer.body == wanted,
        Said(
            f"{what.en} got {'a part of its body' if part else 'a different body'} back.",
            f"{what.ko}에 {'본문의 일부만' if part else '다른 본문이'} 돌아왔습니다.",
        )
        + advice,
        answer.body,
        wanted,
    )


def _got(what: Said, answer: Answer) -> Said:
    """What a request got."""
    if not answer.code:
        return Said(f"{what.en} got no answer.", f"{what.ko}에 응답이 없습니다.")
    if not answer.whole:
        return Said(
            f"{what.en} got {answer.code}, and then the answer broke off.",
            f"{what.ko}의 응답은 {answer.code}인데, 중간에 끊겼습니다.",
        )
    return Said(f"{what.en} got {answer.status}.", f"{what.ko}의 응답은 {answer.status}입니다.")


def _advice(on: On) -> Said:
    """What helps where no right answer came, as the log tells why."""
    raised = on.raised
    if "unexpected keyword argument" in raised:
        return Said(
            f"{on.server} passes the arguments by name: app(scope=…, receive=…, send=…). Give yours the "
            "specification's names.",
            f"{on.server} 서버는 인수를 이름으로 넘깁니다: app(scope=…, receive=…, send=…). 매개변수 이름을 명세와 "
            "같게 지으세요.",
        )
    if "positional argument" in raised:
        return Said(
            "An ASGI 3 app is one async callable with three arguments: scope, receive, send.",
            "ASGI 3의 앱은 scope, receive, send 세 인수를 받는 비동기 호출 객체 하나입니다.",
        )
    if "Unicode" in raised:
        return Said(
            "Echo the bytes as they came: they need not be text.",
            "텍스트가 아닐 수도 있으니 받은 바이트를 그대로 돌려주세요.",
        )
    if "Content-Length" in raised:
        return Said(
            "content-length counts bytes, not characters.", "content-length는 글자 수가 아니라 바이트 수입니다."
        )
    if "bytes" in raised:
        return Said(
            "A body is bytes, and so are the name and the value of each header.",
            "본문은 bytes이고, 헤더의 이름과 값도 모두 bytes입니다.",
        )
    if raised:
        return Said("Each server decides what a client gets then.", "이때 클라이언트가 받을 응답은 서버마다 다릅니다.")
    if on.early:
        return Said(
            "Your app returned before the answer was complete: send http.response.start, and then http.response.body, "
            "for an empty body too. Otherwise each server decides what a client gets.",
            "앱이 응답을 끝맺지 않고 반환했습니다. 본문이 비어 있어도 http.response.start에 이어 http.response.body를 "
            "보내야 합니다. 그러지 않으면 클라이언트가 받을 응답은 서버마다 다릅니다.",
        )
    return Said(
        "Send http.response.start with 200, then http.response.body, and stop receiving when more_body is false.",
        "http.response.start(200)에 이어 http.response.body를 보내고, more_body가 거짓이면 그만 받으세요.",
    )


def _elsewhere(on: On) -> None:
    """A request for another path."""
    answer = ask(on.tap, get("/elsewhere"))
    other = Said("Any path other than / is 404.", "/ 이외의 경로는 404입니다.")
    on.expect(
        answer.code == 404 and answer.whole,
        _got(Said("GET /elsewhere", "GET /elsewhere 요청"), answer)
        + (_advice(on) if on.trouble or on.early else other),
        BROKEN if answer.code == 404 else answer.status,
        "404 Not Found",
    )


def _talk(on: On) -> None:
    """A WebSocket: four messages at once, two of them empty, and bye."""
    seen = talk(on.tap, "/", *MESSAGES, "bye")
    on.talks.append(seen)
    on.expect(
        seen.status == 101,
        _shaken("/", seen)
        + Said(
            "Receive websocket.connect, then send websocket.accept.",
            "websocket.connect를 받은 다음 websocket.accept를 보내세요.",
        ),
        str(seen.status or "no answer"),
        "101",
    )
    for number in range(len(MESSAGES)):
        _answered(on, seen, number)
    more = len(seen.heard) - len(MESSAGES)
    came, wanted = _compared(seen, len(MESSAGES))
    on.expect(
        more == 0,
        Said(
            "there are more answers than messages. Each message gets one, and bye gets only the Close.",
            "응답이 메시지보다 많습니다. 메시지마다 하나씩 응답하고, bye에는 Close 프레임으로만 응답하세요.",
        ),
        came,
        wanted,
    )
    on.expect(
        seen.ending.split()[:2] == GOODBYE.split(),
        _ended(seen) + _close_advice(on, seen),
        came,
        wanted,
    )
    _same(on, seen)


def _shaken(path: str, seen: Talk) -> Said:
    """What the handshake got."""
    if not seen.status:
        return Said(f"the handshake for {path} got no answer.", f"{path} 경로의 핸드셰이크에 응답이 없습니다.")
    return Said(
        f"the handshake for {path} got {seen.status}.", f"{path} 경로의 핸드셰이크에 대한 응답은 {seen.status}입니다."
    )


def _answered(on: On, seen: Talk, number: int) -> None:
    """The message of this number must be answered, by one of its kind which contains it."""
    message, heard = MESSAGES[number], seen.heard[number : number + 1]
    kind = Said("a text", "텍스트") if isinstance(message, str) else Said("a binary message", "바이너리 메시지")
    came, wanted = _compared(seen, number)
    on.expect(
        heard and isinstance(heard[0], type(message)) and message in heard[0],
        Said(
            f"{NAMES[number].en} was not answered by {kind.en} that contains it.",
            f"{NAMES[number].ko}에, 받은 내용이 담긴 {kind.ko}로 응답하지 않았습니다.",
        )
        + _message_advice(on, message),
        came,
        wanted,
    )


def _message_advice(on: On, message: str | bytes) -> Said:
    """What helps where a message had no right answer."""
    if on.raised.startswith("KeyError") and not any(event.name == "websocket.receive" for event in on.events):
        return Said(
            "The first event is websocket.connect, which has neither text nor bytes: receive it before the messages.",
            "첫 이벤트는 websocket.connect이고 text도 bytes도 없습니다. 메시지를 받기 전에 먼저 받으세요.",
        )
    if on.raised.startswith("KeyError") and not message:
        return Said(
            "An empty value is false: ask whether it is None, and not whether it is true.",
            "빈 값은 거짓으로 취급됩니다. 참인지 묻지 말고 None인지 아닌지를 확인하세요.",
        )
    if on.raised:
        return Said(
            "An event has text or bytes, or both, and then one of them is None: read them with event.get().",
            "이벤트에는 text와 bytes 중 하나만 있거나, 둘 다 있고 하나는 None입니다. event.get()으로 확인하세요.",
        )
    if not message and any(event.name == "websocket.send" and not event.size for event in on.events):
        return Said(
            "Your app sent a message with nothing in it, and this server drops it. Add something to what was said.",
            "앱은 내용이 빈 메시지를 보냈고, 이 서버는 그 메시지를 버립니다. 받은 내용에 무언가를 덧붙여 보내세요.",
        )
    if not message:
        kind = Said("text", "텍스트를") if isinstance(message, str) else Said("binary message", "바이너리 메시지를")
        return Said(
            f"Your app sent no {kind.en} for it: an empty value is false. Ask whether it is None.",
            f"앱은 {kind.ko} 보내지 않았습니다. 빈 값은 거짓으로 취급됩니다. None인지 아닌지를 확인하세요.",
        )
    return Said(
        "Answer a text with a text and a binary message with a binary message, once.",
        "텍스트에는 텍스트로, 바이너리 메시지에는 바이너리 메시지로, 한 번씩 응답하세요.",
    )


def _compared(seen: Talk, right: int) -> tuple[list, list]:
    """What the client saw, and what it should have seen: its first answers are right, and it had no more of them."""
    missing = [Bare("text: …" if isinstance(message, str) else "bytes: …") for message in MESSAGES[right:]]
    shown = [Bare(f"text: {each}") if isinstance(each, str) else Bare(f"bytes: {each!r}") for each in seen.heard]
    return [*shown, Bare(seen.ending)], [*shown[:right], *missing, Bare(GOODBYE)]


def _ended(seen: Talk) -> Said:
    """How the WebSocket ended after bye."""
    if seen.ending == "open":
        return Said("after bye the connection stays open.", "bye를 보낸 뒤에도 연결이 열려 있습니다.")
    if seen.ending == "no Close":
        return Said(
            "after bye the connection ended without a Close.", "bye를 보낸 뒤 Close 프레임 없이 연결이 끊겼습니다."
        )
    return Said(f"after bye came `{seen.ending}`.", f"bye를 보낸 뒤 `{seen.ending}` 프레임이 왔습니다.")


def _close_advice(on: On, seen: Talk) -> Said:
    """What helps where bye was not the end that it should be."""
    if on.raised:
        return Said("Each server decides how it ends then.", "이때 연결이 어떻게 끝날지는 서버마다 다릅니다.")
    if on.early:
        return Said(
            "Your app returned without a websocket.close: each server decides how the connection ends then.",
            "앱이 websocket.close를 보내지 않고 반환했습니다. 이때 연결이 어떻게 끝날지는 서버마다 다릅니다.",
        )
    if seen.ending.startswith("Close"):
        return Said("Send websocket.close with 1000.", "websocket.close에 1000을 담아 보내세요.")
    return Said("Send websocket.close.", "websocket.close를 보내세요.")


def _same(on: On, seen: Talk) -> None:
    """The client must see what it saw on the first server."""
    first = on.talks[0]
    came, wanted = (_compared(talk, len(MESSAGES))[0] for talk in (seen, first))
    on.expect(
        seen.heard == first.heard,
        Said(
            f"the answers are not those that came on {SERVERS[0]}. Put into them nothing but what was said: an event "
            "may have other keys on another server, and so may the scope.",
            f"{SERVERS[0]}에서 온 응답과 다릅니다. 이벤트와 스코프의 키는 서버마다 다를 수 있으니, 받은 내용 말고는 "
            "응답에 담지 마세요.",
        ),
        came,
        wanted,
    )
    on.expect(
        seen.ending == first.ending,
        Said(
            f"the Close is not the one that came on {SERVERS[0]}: this server does not pass the reason on. Leave it "
            "out: the code says enough.",
            f"{SERVERS[0]}에서 온 Close 프레임과 다릅니다. 이 서버는 reason을 전달하지 않습니다. "
            "코드만으로 충분하니 빼세요.",
        ),
        came,
        wanted,
    )


def _refusal(on: On) -> None:
    """A handshake for another path."""
    seen = talk(on.tap, "/elsewhere", "hello", "bye")
    advice = Said(
        "Send websocket.close in place of websocket.accept: that is 403 on every server.",
        "websocket.accept 대신 websocket.close를 보내세요. 그러면 어느 서버에서나 403입니다.",
    )
    if not on.raised and on.early:
        advice = (
            Said(
                "Your app returned without sending anything; each server decides what a client gets then.",
                "앱이 아무것도 보내지 않고 반환했습니다. 이때 클라이언트가 받을 응답은 서버마다 다릅니다.",
            )
            + advice
        )
    on.expect(
        seen.status == 403,
        _shaken("/elsewhere", seen) + advice,
        str(seen.status or "no answer"),
        "403",
    )
