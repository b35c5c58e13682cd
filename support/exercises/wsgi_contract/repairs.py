"""The check of repair.py: each of its apps through wsgiref.validate, and every byte that arrives."""

import httpx

from .. import exercise, expect
from .client import SILENCE, last_error, serve

REPAIRED = {"greet": ("200 OK", "안녕, WSGI!".encode()), "move": ("302 Found", b""), "count": ("200 OK", b"0\n1\n2\n")}


@exercise
def repair(bench):
    """Asks for each app of repair.py through wsgiref.validate on gunicorn, and compares what arrives."""
    server = serve(bench, "repairs_app.py")
    try:
        for name, (status, body) in REPAIRED.items():
            _repaired(server, name, status, body)
        _one_by_one(server)
    finally:
        server.stop(grace=0.2)
    return (
        "All three pass wsgiref.validate, and every byte arrives.",
        "세 앱 모두 wsgiref.validate를 통과하고, 모든 바이트가 도착합니다.",
    )


def _repaired(server, name: str, status: str, body: bytes) -> None:
    said, got, location = "nothing", b"", None
    try:
        with httpx.stream("GET", f"{server.url}/{name}", headers={"Connection": "close"}, timeout=SILENCE) as response:
            said, location = f"{response.status_code} {response.reason_phrase}", response.headers.get("location")
            for piece in response.iter_raw():
                got += piece
                if len(got) > 1000:  # an app that never ends
                    break
    except httpx.HTTPError as error:
        said = f"{type(error).__name__}: {error}"
    error = last_error(server)
    expect(not error, f"{name}: the log says {error}", f"{name}: 로그에 다음 오류가 있습니다. {error}")
    expect(
        said == status,
        f"{name}: {status} was wanted; the client saw {said}",
        f"{name}: {status} 응답이어야 합니다. 클라이언트가 받은 것: {said}",
    )
    expect(
        name != "move" or location == "/new",
        f"move: Location should be '/new', and the client got {location!r}.",
        f"move: 올바른 Location은 '/new'인데 클라이언트가 받은 값은 {location!r}입니다.",
    )
    expect(
        len(got) == len(body),
        f"{name}: {len(body)} bytes were wanted and {len(got)} came: {got!r}",
        f"{name}: {len(body)}바이트가 와야 하는데 {len(got)}바이트가 왔습니다: {got!r}",
    )
    expect(
        got == body,
        f"{name}: {body!r} was wanted and {got!r} came.",
        f"{name}: {body!r} 응답이 와야 하는데 온 것은 {got!r}입니다.",
    )


def _one_by_one(server) -> None:
    """count, which was asked for last, gave each line as a piece of its own."""
    pieces = [event.data for event in server.events().last if event.name in ("yield", "write") and event.data]
    wanted = [b"0\n", b"1\n", b"2\n"]
    expect(
        pieces == wanted,
        f"count: one piece at a time was asked for, {wanted}; the server got {pieces}.",
        f"count: {wanted}처럼 한 조각씩 내야 하는데 서버가 받은 조각은 {pieces}입니다.",
    )
