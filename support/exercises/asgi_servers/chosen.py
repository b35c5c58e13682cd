"""The check of chosen: each list of demands on the server that the learner chose for it, one demand after the other."""

import re
import shlex
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psutil

from ...errors import BenchError, Said
from ...waiting import until
from ...wire.tap import Tap
from .. import exercise, expect, expect_dict, in_turn
from ..asleep import PATIENCE, at_rest
from ..drive import Answer, judged, serving
from .patient import CLOSE, answer, ask, get, head, opened, talk

PROGRAM = Path(__file__).with_name("chosen_app.py")
PROGRAMS = ("uvicorn", "daphne", "gunicorn", "hypercorn")
MOST = 8  # workers
CALLED, LOADED, STARTED = "the upload has called the app", "the model is loaded", "has started"


@dataclass(frozen=True)
class Demand:
    """`look` tells what came, and what is wanted; `wrong` says it where the two differ, and `hint` what helps."""

    look: Callable[[Tap], tuple[object, object]]
    wrong: Said
    hint: Said


@exercise
def chosen(bench, commands):
    """Runs each command, and makes the demands of its list."""
    expect_dict(commands, "commands")
    with serving(bench, {"exercise.py": PROGRAM}, aloud=False) as serve:
        in_turn(lambda name: _judge(serve, name, _read(name, commands.get(name))), LISTS)
    return Said(
        "For each of the five lists, your server was seen to meet every demand.",
        "다섯 목록 모두, 고른 서버가 요구 사항을 전부 지키는 것을 실행해서 확인했습니다.",
    )


def _read(name: str, command: object) -> str:
    """The learner's command, which runs one of the four programs, with options and without the app."""
    said = Said(
        f"{name}: write a command as text, such as 'uvicorn --workers 2', not {command!r}.",
        f"{name}: 명령을 'uvicorn --workers 2'처럼 문자열로 쓰세요. 지금 값은 {command!r}입니다.",
    )
    expect(isinstance(command, str) and command.strip(), said)
    try:
        words = shlex.split(command)
    except ValueError:
        expect(False, said)
    expect(
        words[0] in PROGRAMS,
        Said(
            f"{name}: choose among {', '.join(PROGRAMS)}, not {words[0]}.",
            f"{name}: {', '.join(PROGRAMS)} 중에서 고르세요. {words[0]} 프로그램은 후보가 아닙니다.",
        ),
    )
    expect(
        not any(re.fullmatch(r"\w+:\w+", word) for word in words),
        Said(
            f"{name}: leave the app out of `{command}`: the check adds its own.",
            f"{name}: `{command}` 명령에서 앱은 빼세요. 앱은 확인 셀이 붙입니다.",
        ),
    )
    workers = re.search(r"(?:-w|--workers)[ =]?(\d+)", command)
    expect(
        not workers or int(workers[1]) <= MOST,
        Said(
            f"{name}: {MOST} workers are more than enough.",
            f"{name}: 워커는 {MOST}개면 넉넉합니다.",
        ),
    )
    return command


def _judge(serve, name: str, command: str) -> None:
    """The server must serve the app, and meet each demand of its list."""
    try:
        tap = serve(f"{command} exercise:app")
    except BenchError as error:
        expect(False, Said(f"{name}: {error.en}", f"{name}: {error.ko}", error.evidence))
    with judged(tap):
        _serves(tap, name, command)
    for demand in LISTS[name]:
        with judged(tap):
            came, wanted = demand.look(tap)
            expect(
                came == wanted,
                Said(
                    f"{name}: with `{command}` {demand.wrong.en}. {demand.hint.en}",
                    f"{name}: `{command}` 명령으로 띄워 보니 {demand.wrong.ko}. {demand.hint.ko}",
                ),
                came,
                wanted,
            )
    tap.upstream.stop(grace=0.2)  # five at a time would cost much memory


def _serves(tap: Tap, name: str, command: str) -> None:
    """An ordinary request must be answered, or the program has not understood what the app is."""
    hello = ask(tap, get("/"))
    expect(
        hello.code == 200,
        Said(
            f"{name}: `{command}` cannot call an ASGI app: even an ordinary request got {hello.status}. The log ends:",
            f"{name}: `{command}` 명령으로는 ASGI 앱을 호출할 수 없습니다. 일반 요청의 응답도 {hello.status}입니다. "
            "로그의 끝:",
            "\n".join(tap.upstream.log().splitlines()[-1:]),
        ),
    )


def _code(came: Answer) -> str:
    return str(came.code or "no answer")


def _no_host(tap: Tap) -> tuple[str, str]:
    return _code(ask(tap, head("GET / HTTP/1.1", CLOSE))), "400"


def _two_hosts(tap: Tap) -> tuple[str, str]:
    return _code(ask(tap, head("GET / HTTP/1.1", "Host: bench", "Host: other", CLOSE))), "400"


def _length_and_chunks(tap: Tap) -> tuple[str, str]:
    both = head("POST / HTTP/1.1", "Host: bench", CLOSE, "Content-Length: 3", "Transfer-Encoding: chunked")
    return _code(ask(tap, both + b"3\r\nabc\r\n0\r\n\r\n")), "400"


def _old_client(tap: Tap) -> tuple[bytes, bytes]:
    """The bytes behind the head: of HTTP/1.0 they are the body, to the end of the connection."""
    return ask(tap, head("GET /stream HTTP/1.0")).raw.partition(b"\r\n\r\n")[2], b"one two"


def _startup(tap: Tap) -> tuple[str, str]:
    came = ask(tap, get("/started")).body
    return ("started" if came == b"True" else "not started"), "started"


def _told(tap: Tap) -> tuple[str, str]:
    """The Close without its reason, which is the server's own."""
    return " ".join(talk(tap, "/fails").ending.split()[:2]), "Close 1011"


def _own_refusal(tap: Tap) -> tuple[str, str]:
    return str(talk(tap, "/members").status or "no answer"), "401"


def _whole_upload(tap: Tap) -> tuple[str, str]:
    """After half of the upload the app must not have been called, once the server has nothing left to do."""
    half = head("POST /upload HTTP/1.1", "Host: bench", CLOSE, "Content-Length: 6") + b"abc"
    with opened(tap, half) as client:
        until(lambda: CALLED in tap.upstream.log() or at_rest(tap), PATIENCE)
        early = CALLED in tap.upstream.log()
        client.sendall(b"def")
        whole = answer(tap, client).body == b"6"
    came = "3 of 6 bytes" if early else "6 of 6 bytes" if whole else "an upload that was not answered"
    return f"called after {came}", "called after 6 of 6 bytes"


def _replaced(tap: Tap) -> tuple[str, str]:
    """Kills the worker that has answered: another must start, and answer."""
    server = tap.upstream
    until(lambda: at_rest(tap), PATIENCE)  # all its workers have started
    worker = int(ask(tap, get("/worker")).body)
    before = server.log().count(STARTED)
    psutil.Process(worker).kill()
    until(lambda: not server.running or server.log().count(STARTED) > before, 2 * PATIENCE)
    if not server.running:
        return "the server ended", "a new worker: 200"
    return f"a new worker: {_code(ask(tap, get('/')))}", "a new worker: 200"


def _two_workers(tap: Tap) -> tuple[str, str]:
    log = tap.upstream.log
    until(lambda: log().count(STARTED) > 1 or at_rest(tap), PATIENCE)
    workers = log().count(STARTED)
    return f"workers: {workers}", f"workers: {max(2, workers)}"


def _loaded_once(tap: Tap) -> tuple[str, str]:
    """The module must have been run once, however many workers have started."""
    return f"loaded {tap.upstream.log().count(LOADED)} ×", "loaded 1 ×"


HTTP_PARSER = Said(
    "One of uvicorn's parsers is stricter about Host, and hypercorn uses it too.",
    "uvicorn의 파서 가운데 하나는 Host에 더 엄격하고, hypercorn도 그 파서를 씁니다.",
)
NO_HOST = Demand(
    _no_host,
    Said("a request without Host was not refused", "Host가 없는 요청을 거부하지 않았습니다"),
    HTTP_PARSER,
)
TWO_HOSTS = Demand(
    _two_hosts,
    Said("a request with two Hosts was not refused", "Host가 둘인 요청을 거부하지 않았습니다"),
    HTTP_PARSER,
)
LENGTH_AND_CHUNKS = Demand(
    _length_and_chunks,
    Said("a request with a length and with chunks was not refused", "길이와 청크를 함께 쓴 요청을 거부하지 않았습니다"),
    Said(
        "A server that is strict about Host need not be strict about this.",
        "Host에 엄격한 서버가 여기에도 엄격하지는 않습니다.",
    ),
)
OLD_CLIENT = Demand(
    _old_client,
    Said("a client of HTTP/1.0 got chunks", "HTTP/1.0 클라이언트가 청크를 받았습니다"),
    Said(
        "Which servers end such a body by closing the connection?",
        "이때 연결을 닫아 본문의 끝을 알리는 서버는 무엇일까요?",
    ),
)
STARTUP = Demand(
    _startup,
    Said("the app was not told of startup", "앱이 시작을 알리는 이벤트를 받지 못했습니다"),
    Said("One of the four knows no lifespan.", "네 프로그램 가운데 하나는 라이프스팬을 모릅니다."),
)
TOLD = Demand(
    _told,
    Said(
        "the app raised in a WebSocket, and the client got no Close with 1011",
        "웹소켓에서 앱이 예외를 일으켰는데 클라이언트가 1011이 담긴 Close 프레임을 받지 못했습니다",
    ),
    Said("Which servers send one?", "이때 Close 프레임을 보내는 서버는 무엇일까요?"),
)
WHOLE_UPLOAD = Demand(
    _whole_upload,
    Said("the app was called when half of the upload had come", "업로드가 절반만 왔을 때 앱이 호출되었습니다"),
    Said(
        "Which server hands over a body in one piece, however it came?",
        "본문이 어떻게 나뉘어 오든 한 번에 넘겨주는 서버는 무엇일까요?",
    ),
)
OWN_REFUSAL = Demand(
    _own_refusal,
    Said(
        "a handshake did not get the 401 that the app wants to give",
        "핸드셰이크의 응답으로 앱이 정한 401이 오지 않았습니다",
    ),
    Said(
        "The app can give it if `websocket.http.response` is among the extensions of its scope.",
        "스코프의 확장 목록에 `websocket.http.response`가 있어야 앱이 401을 보낼 수 있습니다.",
    ),
)
REPLACED = Demand(
    _replaced,
    Said("a worker was killed, and none took its place", "죽은 워커를 대신할 워커가 뜨지 않았습니다"),
    Said(
        "Replacing it takes a process that serves nobody, and starts another worker when one is gone: not every "
        "parent does this (section 4).",
        "직접 응답하지 않으면서, 워커가 죽으면 새로 띄우는 프로세스가 있어야 합니다. 부모 프로세스가 모두 그러지는 "
        "않습니다(4절).",
    ),
)
TWO_WORKERS = Demand(
    _two_workers,
    Said("fewer than two workers started", "워커 둘이 시작하지 않았습니다"),
    Said("An option says how many.", "몇 개를 띄울지는 옵션으로 정합니다."),
)
LOADED_ONCE = Demand(
    _loaded_once,
    Said("each worker loaded the model for itself", "워커마다 모델을 따로 불러왔습니다"),
    Said(
        "A process manager that can load the app before it forks has an option for it: see its --help.",
        "앱을 먼저 불러온 다음 포크할 수 있는 프로세스 관리자가 있습니다. 그 옵션을 --help에서 찾아보세요.",
    ),
)
LISTS = {
    "bank": (NO_HOST, TWO_HOSTS, TOLD),
    "kiosk": (LENGTH_AND_CHUNKS, OLD_CLIENT, STARTUP),
    "photos": (WHOLE_UPLOAD, TOLD),
    "tickets": (OWN_REFUSAL, NO_HOST, REPLACED),
    "model": (OWN_REFUSAL, TWO_WORKERS, LOADED_ONCE),
}
