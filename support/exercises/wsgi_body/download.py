"""The check of download.py: whole files for both versions of HTTP, a client that hangs up, a file that shrinks."""

import os
import socket
from pathlib import Path

import psutil

from ...app.events import BODIES
from ...errors import Said
from ...waiting import until
from .. import exercise, expect
from ..drive import SILENCE, ask, connect, judged, receive, reset, said, serving, written
from ..gunicorn import GUNICORN, LATE, last_error

PROGRAM = Path(__file__).with_name("download_app.py")
FILE = "report.bin"
LONGEST = 65_536  # bytes of a piece
WHOLE = (("HTTP/1.1", 200_000), ("HTTP/1.0", 2 * LONGEST), ("HTTP/1.1", 0))  # who asks, and the bytes of the file
LARGE, LEFT = 32 << 20, 1 << 20  # bytes: more than fit between app and client, and to how many the file shrinks
STAYS = {"Connection": "keep-alive"}
PATIENT = "--keep-alive 60"  # seconds: a client that waits for bytes which never come is seen to wait


@exercise
def whole(bench):
    """Drives download.py: both versions of HTTP, an empty file, a hang-up, a file that shrinks, no piece at all."""
    written(bench, "download.py")
    report = Path(bench.folder, FILE)
    report.write_bytes(b"an older report")  # all that an app sees which looks at the file only when it is imported
    with serving(bench, {"exercise.py": PROGRAM}) as serve:
        tap = serve(f"{GUNICORN} {PATIENT}")
        for version, size in WHOLE:
            report.write_bytes(_content(size))
            with judged(tap):
                _whole(tap, version, size)
        with report.open("wb") as large:
            large.truncate(LARGE)
        for judge in (_hangs_up, _shrinks, _unasked):
            with judged(tap):
                judge(tap, report)
    return Said(
        "A client of either version gets the whole file, in small pieces; the file is closed; and a client that gets "
        "less can tell.",
        "어느 버전의 HTTP로 요청하든 파일을 작은 조각으로 다 보내고 닫으며, 모자라면 클라이언트가 알 수 있습니다.",
    )


def _content(size: int) -> bytes:
    return (b"".join(b"%07d\n" % line for line in range(size // 8 + 1)))[:size]


def _whole(tap, version: str, size: int) -> None:
    """One client, who reads everything."""
    with connect(tap, "GET /", version=version) as client:
        answer = receive(client, most=2 * size + LONGEST)
    expect(
        answer.code == 200,
        Said(
            f"An {version} client got {answer.status}, not 200 OK. The log says `{last_error(tap) or 'nothing'}`.",
            f"{version} 클라이언트가 받은 것은 200 OK가 아니라 {answer.status}입니다. "
            f"로그: `{last_error(tap) or '오류 없음'}`",
        ),
    )
    _length(answer.header("content-length"), version, size)
    expect(
        answer.whole and len(answer.body) == size,
        Said(
            f"An {version} client got {len(answer.body):,} of {size:,} bytes. "
            f"The log says `{last_error(tap) or 'nothing'}`.",
            f"파일은 {size:,}바이트인데 {version} 클라이언트는 {len(answer.body):,}바이트를 받았습니다. "
            f"로그: `{last_error(tap) or '오류 없음'}`",
        ),
    )
    expect(
        answer.body == _content(size),
        Said(
            f"An {version} client got as many bytes as the file has, but not the file's. Give the server the file's "
            "bytes alone: the framing is its business.",
            f"{version} 클라이언트가 받은 바이트 수는 맞지만 내용이 파일과 다릅니다. "
            "파일의 바이트만 내보내세요. 프레이밍은 서버가 합니다.",
        ),
        answer.body,
        _content(size),
    )
    _small(tap)
    _closed(tap, Said("The whole file was sent", "파일을 끝까지 보냈는데"))


def _length(length: str | None, version: str, size: int) -> None:
    expect(
        length is not None,
        Said(
            f"An {version} client got no Content-Length. Chunks have an end that one can see, but HTTP/1.0 has no "
            "chunks: say how long the file is.",
            f"{version} 클라이언트가 받은 응답에 Content-Length가 없습니다. 청크라면 끝을 알 수 있지만 "
            "HTTP/1.0에는 청크가 없습니다. 파일의 길이를 밝히세요.",
        ),
    )
    expect(
        length == str(size),
        Said(
            f"The file has {size:,} bytes now, and Content-Length says {length}. "
            "Ask for its size when the request comes.",
            f"지금 파일은 {size:,}바이트인데 Content-Length는 {length}입니다. 파일 크기는 요청이 올 때 확인하세요.",
        ),
        length,
        str(size),
    )


def _small(tap) -> None:
    """No piece of the last response is too long."""
    sizes = [event.size for event in tap.upstream.events(timeout=1).last if event.name in BODIES]
    expect(
        max(sizes, default=0) <= LONGEST,
        Said(
            f"The app gave a piece of {max(sizes, default=0):,} bytes, and the limit is {LONGEST:,}: "
            "read the file piece by piece, no more than that at a time.",
            f"앱이 {max(sizes, default=0):,}바이트짜리 조각을 내보냈습니다. {LONGEST:,}바이트가 한도입니다. "
            "파일을 한 번에 그만큼씩만 읽으세요.",
        ),
        sizes,
        [LONGEST] * (sum(sizes) // LONGEST) + [sum(sizes) % LONGEST],
    )


def _closed(tap, when: Said) -> None:
    """The worker has closed the file, and not left that to the garbage collector."""
    worker = psutil.Process(tap.upstream.events(timeout=1).last[0].process)

    def closed() -> bool:
        return all(Path(file.path).name != FILE for file in worker.open_files())

    expect(
        until(closed, SILENCE),
        Said(
            f"{when.en}, and the worker still has {FILE} open. Open it inside the generator, in a `with`: "
            "the server calls close() on the generator, however the response ends.",
            f"{when.ko} 워커가 아직 {FILE} 파일을 열어 두고 있습니다. 제너레이터 안에서 `with`로 여세요. "
            "응답이 어떻게 끝나든 서버가 제너레이터의 close()를 호출합니다.",
        ),
    )
    expect(
        not said(tap, "unclosed file", timeout=LATE),
        Said(
            f"{when.en}, and nobody closed {FILE}: Python did when it threw the object away, and says so in the log "
            "(`ResourceWarning: unclosed file`). Open it inside the generator, in a `with`.",
            f"{when.ko} 파일을 닫는 코드가 없습니다. Python이 객체를 버리면서 대신 닫고 로그에 경고를 남겼습니다"
            "(`ResourceWarning: unclosed file`). 제너레이터 안에서 `with`로 여세요.",
        ),
    )


def _hangs_up(tap, report: Path) -> None:
    """A client that goes away midway."""
    client = connect(tap, "GET /", STAYS)
    receive(client, _begun)
    reset(tap, client)
    _small(tap)
    _closed(tap, Said("A client hung up midway", "클라이언트가 도중에 연결을 끊었는데"))


def _unasked(tap, report: Path) -> None:
    """A server that closes the response before its first piece."""
    ask(tap, "GET /unasked")
    _closed(tap, Said("The response was closed before its first piece", "첫 조각을 꺼내기 전에 응답을 닫았는데"))


def _begun(came: bytes) -> bool:
    """The head is there, and some of the body."""
    return bool(came.partition(b"\r\n\r\n")[2])


def _shrinks(tap, report: Path) -> None:
    """A file that gets shorter while its client does not read; the sockets on the way hold only some of it."""
    with connect(tap, "GET /", STAYS) as client:
        first = receive(client, _begun)
        os.truncate(report, LEFT)
        rest, ended = _rest(client)
    came = len(first.raw.partition(b"\r\n\r\n")[2]) + rest
    expect(
        came < LARGE,
        Said(
            f"The file shrank from {LARGE:,} to {LEFT:,} bytes while it was being sent, and the client got {came:,} "
            "bytes: "
            "it takes that for the whole file. Read a piece when the server asks for one, and never make up bytes.",
            f"보내는 도중에 파일이 {LARGE:,}바이트에서 {LEFT:,}바이트로 줄었는데 클라이언트는 {came:,}바이트를 "
            "받아서 온전한 파일인 줄 압니다. 서버가 조각을 꺼낼 때 읽고, 없는 바이트를 지어내지 마세요.",
        ),
    )
    expect(
        ended,
        Said(
            f"The file shrank while it was being sent. The client has {came:,} of {LARGE:,} bytes and waits "
            "for the rest: "
            "your app just stopped, and the server keeps the connection open. Raise an error if something is missing.",
            f"보내는 도중에 파일이 줄었습니다. 클라이언트는 {LARGE:,}바이트 가운데 {came:,}바이트를 받고 나머지를 "
            "기다립니다. 앱이 그냥 끝나서 서버가 연결을 열어 두기 때문입니다. 모자라면 예외를 일으키세요.",
        ),
    )
    _closed(tap, Said("The file shrank while it was being sent", "보내는 도중에 파일이 줄었는데"))


def _rest(client: socket.socket) -> tuple[int, bool]:
    """How many bytes still come, and whether the connection ends behind them, before a silence."""
    count = 0
    try:
        while piece := client.recv(LONGEST):
            count += len(piece)
    except TimeoutError:
        return count, False
    except ConnectionError:
        pass
    return count, True
