"""The check of codec.py: the frames of RFC 6455 section 5.7, frames in part, random ones, and an echo."""

import random
from pathlib import Path

from websockets.exceptions import WebSocketException
from websockets.frames import Frame, Opcode, apply_mask
from websockets.sync.client import connect

from ...errors import Said, raised
from .. import exercise, expect
from ..drive import ask, judged, serving, written
from ..gunicorn import GUNICORN, last_error

PROGRAM = Path(__file__).with_name("codec_app.py")
KEY = bytes.fromhex("37 fa 21 3d")  # as in RFC 6455 section 5.7
SEED, COUNT = 6455, 200
SIZES = (0, 1, 2, 5, 124, 125, 126, 127, 128, 255, 256, 1000)
LARGE = (65535, 65536, 70000)
SHOWN = 24  # bytes of a frame that a sentence shows
HEADER = 14  # bytes of the longest header: two, eight of length, four of mask
PATIENCE = 20  # seconds for an answer, or an echo; on a busy machine it comes late

# The frames of section 5.7, in its order: opcode, payload, FIN, mask.
EXAMPLES = [
    (Opcode.TEXT, b"Hello", True, b""),
    (Opcode.TEXT, b"Hello", True, KEY),
    (Opcode.TEXT, b"Hel", False, b""),
    (Opcode.CONT, b"lo", True, b""),
    (Opcode.PING, b"Hello", True, b""),
    (Opcode.PONG, b"Hello", True, KEY),
    (Opcode.BINARY, bytes(range(256)), True, b""),
    (Opcode.BINARY, bytes(65536), True, b""),
]


@exercise
def codec(bench):
    """Drives codec.py: the RFC's examples, frames that are not complete, random frames, and an echo for a client."""
    written(bench, "codec.py")
    with serving(bench, {"exercise.py": PROGRAM}) as serve:
        tap = serve(GUNICORN)
        with judged(tap):
            for example in EXAMPLES:
                _right(tap, "encode", [_encoding(*example)])
                _right(tap, "decode", [_decoding(*example)])
            for example, given in ((EXAMPLES[0], 2), (EXAMPLES[2], 3)):  # the others have defaults
                arguments, wanted = _encoding(*example)
                _right(tap, "encode", [(arguments[:given], wanted)])
        with judged(tap):
            _right(tap, "decode", [_decoding(*EXAMPLES[1], rest=b"\x81\x02h")])
            for example in (EXAMPLES[0], EXAMPLES[1], EXAMPLES[6], EXAMPLES[7]):
                _partly(tap, *example)
        with judged(tap):
            frames = list(random_frames())
            _right(tap, "encode", [_encoding(*frame) for frame in frames])
            _right(tap, "decode", [_decoding(*frame) for frame in frames])
        with judged(tap):
            _echoes(tap)
    return Said(
        f"The RFC's examples, half frames, {COUNT} random ones, and a real client: your codec gets them all right.",
        f"RFC의 예, 덜 온 프레임, 무작위 프레임 {COUNT}개, 진짜 클라이언트까지 모두 올바르게 처리합니다.",
    )


def frame(opcode: int, payload: bytes, fin: bool, mask: bytes) -> bytes:
    """The frame as the websockets library writes it, with this mask."""
    plain = Frame(Opcode(opcode), payload, fin).serialize(mask=False)
    header = plain[: len(plain) - len(payload)]
    if not mask:
        return plain
    return bytes([header[0], header[1] | 0x80]) + header[2:] + mask + apply_mask(payload, mask)


def _encoding(opcode: int, payload: bytes, fin: bool, mask: bytes) -> tuple:
    """The arguments of encode, and what they should give."""
    return (int(opcode), payload, fin, mask), frame(opcode, payload, fin, mask)


def _decoding(opcode: int, payload: bytes, fin: bool, mask: bytes, rest: bytes = b"") -> tuple:
    """The arguments of decode, and what they should give."""
    return (frame(opcode, payload, fin, mask) + rest,), (fin, int(opcode), payload, rest)


def random_frames():
    """The same ones each time; a few are large."""
    rng = random.Random(SEED)
    for number in range(COUNT - len(LARGE)):
        opcode = rng.choice(list(Opcode))
        control = opcode >= Opcode.CLOSE  # RFC 6455 section 5.5: at most 125 bytes, and never in pieces
        size = rng.choice([size for size in SIZES if size <= 125] if control else SIZES)
        mask = rng.choice((b"", rng.randbytes(4)))
        yield opcode, rng.randbytes(size), control or rng.random() < 0.5, mask
        if number < len(LARGE):
            yield Opcode.BINARY, rng.randbytes(LARGE[number]), True, mask


def _partly(tap, *example) -> None:
    """Of a frame that has not come completely, decode says None, wherever it is cut."""
    whole = frame(*example)
    cuts = [*range(min(len(whole), 16)), len(whole) - 1]
    _right(tap, "decode", [((whole[:cut],), None) for cut in cuts])


def _right(tap, name: str, cases: list[tuple]) -> None:
    """Expects that each call gives what it should."""
    came = _outcome(tap, name, cases)
    if came == "right":
        return
    number, _, outcome = came.partition(" ")
    if not number.isdigit():
        _unreturned(tap, name, cases, came)
    arguments, wanted = cases[int(number)]
    how, _, what = outcome.partition(" ")
    call = f"`{name}({_call(arguments)})`"
    verb = "반환값은" if how == "returned" else "예외는"
    part = Said("", "")
    if wanted is None:
        part = Said(" The frame is not complete yet.", " 아직 다 오지 않은 프레임입니다.")
    expect(
        False,
        Said(
            f"{call} {how} `{_short(what)}`. It should return `{_short(repr(wanted))}`.{part.en}",
            f"{call} 호출의 {verb} `{_short(what)}`입니다. 올바른 반환값은 `{_short(repr(wanted))}`입니다.{part.ko}",
        ),
        what if how == "returned" else outcome,
        repr(wanted),
    )


def _unreturned(tap, name: str, cases: list[tuple], came: str) -> None:
    """Fails: what the client got instead of what the calls gave, and why, as far as the log knows."""
    call = f"`{name}({_call(cases[0][0])})`" if len(cases) == 1 else f"{name}()"
    why = Said(" Is there a loop in it that never ends?", " 끝나지 않는 반복문이 있나요?")
    if cases[0][1] is None:
        why = Said(
            " The frame is not complete, and the rest of it comes with another call: return None.",
            " 아직 다 오지 않은 프레임입니다. 나머지는 다음 호출에서 오니 None을 반환하세요.",
        )
    if error := last_error(tap):
        why = Said(f" The log says `{error}`.", f" 로그: `{error}`")
    expect(
        False,
        Said(
            f"{call} did not return: the client got {came}.{why.en}",
            f"{call} 호출이 끝나지 않았습니다. 클라이언트가 받은 것: {came}.{why.ko}",
        ),
    )


def _outcome(tap, name: str, cases: list[tuple]) -> str:
    """What codec_app.py says of the calls, or the server's status."""
    answer = ask(tap, f"POST /{name}", *_body(cases), timeout=PATIENCE)
    return answer.body.decode(errors="replace") if answer.code == 200 else answer.status


def _body(cases: list[tuple]) -> tuple[dict, bytes]:
    """The cases as headers and body of a request."""
    body = f"{cases!r}\n".encode()
    return {"Content-Length": str(len(body))}, body


def _call(arguments: tuple) -> str:
    """The arguments, as one would type them."""
    return ", ".join(map(_argument, arguments))


def _argument(value: object) -> str:
    """The value, as one would type it; of long bytes how many there are, and the first ones in hex."""
    if isinstance(value, bytes) and len(value) > SHOWN:
        return f"<{len(value)} bytes: {value[:HEADER].hex(' ')} …>"
    return repr(value)


def _short(text: str) -> str:
    """At most so much of it as a sentence bears."""
    return text if len(text) <= 4 * SHOWN else f"{text[: 4 * SHOWN]}…"


def _echoes(tap) -> None:
    """A client hears what it has said: a text, bytes of three lengths, a message in two frames, and a Close."""
    messages = ["안녕", b"", bytes(300), bytes(70000)]
    try:
        with connect(tap.ws_url, compression=None, open_timeout=PATIENCE, ping_interval=None) as ws:
            for message in messages:
                ws.send(message)
                _heard(ws.recv(timeout=PATIENCE), message)
            ws.send(["Hel", "lo"])
            _heard(ws.recv(timeout=PATIENCE), "Hello")
        code = ws.close_code
    except (WebSocketException, OSError) as error:
        _broken(tap, raised(error))
    if code != 1000:
        _broken(tap, f"close code {code}")


def _heard(came: object, message: object) -> None:
    expect(
        came == message,
        Said(
            f"An echo made of decode() and encode() sent back {_short(repr(came))} for {_short(repr(message))}.",
            f"decode()와 encode()로 만든 에코가 {_short(repr(message))} 대신 {_short(repr(came))} 메시지를 "
            "되돌려 보냈습니다.",
        ),
        repr(came),
        repr(message),
    )


def _broken(tap, what: str) -> None:
    expect(
        False,
        Said(
            f"An echo made of decode() and encode() failed with a real client: {what}. "
            f"The log says `{last_error(tap) or 'nothing'}`.",
            f"decode()와 encode()로 만든 에코가 진짜 클라이언트와 통신하지 못했습니다({what}). "
            f"로그: `{last_error(tap) or '오류 없음'}`",
        ),
    )
