"""What is drawn of real servers, each as a function that sets it up on a bench and returns one that draws it once."""

import socket
from collections.abc import Callable

import httpx
from websockets.sync.client import connect

from support import sequence
from support.bench.server import Server
from support.wire.tap import Tap

APPS = '''
"""Apps that are recorded: two pieces at once, a word back for each word, an answer in a socket."""

from support import record


@record
def pieces(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    yield b"one"
    yield b"two"


@record
async def words(scope, receive, send):
    """Answers each piece of a body as soon as it is there, with as many bytes."""
    if scope["type"] == "lifespan":
        return
    length = dict(scope["headers"])[b"content-length"]
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", length)]})
    more = True
    while more:
        event = await receive()
        more = event["more_body"]
        await send({"type": "http.response.body", "body": event["body"].upper(), "more_body": more})


@record
async def deaf(scope, receive, send):
    """Answers without a look at the body."""
    if scope["type"] == "lifespan":
        return
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"no"})


@record
async def room(scope, receive, send):
    if scope["type"] == "lifespan":
        return
    await receive()
    await send({"type": "websocket.accept"})
    while (event := await receive())["type"] == "websocket.receive":
        await send({"type": "websocket.send", "text": event["text"].upper()})
'''
SITE = "location / { proxy_pass {{ url }}; {{ more }} }"
SOCKETS = "proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade;"


def write_apps(bench) -> None:
    (bench.folder / "apps.py").write_text(APPS, encoding="utf-8")


def behind_nginx(bench, server, more: str = "proxy_http_version 1.1;"):
    """A tap before nginx, and one between nginx and the server."""
    behind = bench.tap(server, client="nginx")
    site = bench.nginx(SITE, {"url": behind.url, "more": more})
    return bench.tap(site), behind


def talk(tap, *words: bytes) -> None:
    """Sends each word of a body when the answer to the one before is there."""
    with socket.create_connection(("127.0.0.1", tap.port), timeout=20) as client, client.makefile("rb") as answers:
        client.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % sum(map(len, words)))
        for number, word in enumerate(words):
            client.sendall(word)
            if not number:
                while answers.readline() != b"\r\n":
                    pass
            assert answers.read(len(word)) == word.upper()


def drawing(ask: Callable, *sources: Tap | Server) -> Callable:
    """What has the taps forget, asks, and draws the taps and the last events of the servers."""

    def draw():
        for source in sources:
            if isinstance(source, Tap):
                source.clear()
        ask()
        return sequence(*(source if isinstance(source, Tap) else source.events().last for source in sources))

    return draw


def tapped(bench, command: str, name: str | None = None) -> tuple[Server, Tap]:
    """A server with a tap before it."""
    server = bench.run(command, name=name)
    return server, bench.tap(server)


def call_out(url: str, *words: str) -> None:
    """Says each word in a WebSocket when the one before has come back in capitals."""
    with connect(url, compression=None, proxy=None) as client:
        for word in words:
            client.send(word)
            assert client.recv(timeout=20) == word.upper()


def two_requests(bench) -> Callable:
    """Case (a): one request after the other, and the events of the second."""
    web, tap = tapped(bench, "gunicorn apps:pieces")

    def ask():
        httpx.get(f"{tap.url}/one")
        httpx.get(f"{tap.url}/two")

    return drawing(ask, tap, web)


def through_nginx(bench) -> Callable:
    """Cases (b) and (d): two pieces, which nginx passes on as one or as two."""
    web = bench.run("gunicorn apps:pieces")
    front, behind = behind_nginx(bench, web)
    return drawing(lambda: httpx.get(front.url), behind, web, front)


def without_events(bench) -> Callable:
    """Case (d), and nobody counts the pieces."""
    web = bench.run("gunicorn apps:pieces")
    front, behind = behind_nginx(bench, web)
    return drawing(lambda: httpx.get(front.url), front, behind)


def socket_through_nginx(bench) -> Callable:
    """Case (b): a WebSocket through nginx to daphne."""
    chat = bench.run("daphne apps:room")
    front, behind = behind_nginx(bench, chat, SOCKETS)
    return drawing(lambda: call_out(front.ws_url, "one", "two"), chat, behind, front)


def conversation(bench) -> Callable:
    """Case (e): a body with a length, whose first half is answered before the second is sent."""
    web, tap = tapped(bench, "uvicorn apps:words")
    return drawing(lambda: talk(tap, b"one", b"two"), tap, web)


def conversation_without_events(bench) -> Callable:
    """Case (e), and only the tap tells."""
    _, tap = tapped(bench, "uvicorn apps:words")
    return drawing(lambda: talk(tap, b"one", b"two"), tap)


def unread_body(bench) -> Callable:
    """A body that crosses before or after the answer, as it happens."""
    web, tap = tapped(bench, "uvicorn apps:deaf")
    return drawing(lambda: httpx.post(tap.url, content=b"body"), tap, web)


def two_apps(bench) -> Callable:
    """Case (c): two servers, and the app of each."""
    pages, pages_tap = tapped(bench, "gunicorn apps:pieces", "pages")
    chat, chat_tap = tapped(bench, "uvicorn apps:room", "chat")

    def ask():
        httpx.get(f"{pages_tap.url}/page")
        call_out(f"{chat_tap.ws_url}/ws", "hi")

    return drawing(ask, chat, chat_tap, pages, pages_tap)


PICTURES = [
    two_requests,
    through_nginx,
    without_events,
    socket_through_nginx,
    conversation,
    conversation_without_events,
    unread_body,
    two_apps,
]

# What each of them shows, every time.
EXPECTED = {
    "two_requests": """
  client   → gunicorn  [1] GET /one
  gunicorn → client    [1] 200 OK
  gunicorn → client    [1] Data onetwo
≈ client   ⇄ gunicorn  [1] FIN
  client   → gunicorn  [2] GET /two
  gunicorn → app       [2] app(environ, start_response) GET /two
  app      → gunicorn  [2] return <generator>
  app      → gunicorn  [2] start_response 200 OK  Content-Type: text/plain
  app      → gunicorn  [2] yield b'one'
  gunicorn → client    [2] 200 OK
≈ app      → gunicorn  [2] yield b'two'
  gunicorn → client    [2] Data onetwo
≈ app      → gunicorn  [2] StopIteration
≈ gunicorn → app       [2] close()
  client   ⇄ gunicorn  [2] FIN
""",
    "through_nginx": """
  client   → nginx     GET /
  nginx    → gunicorn  GET /
  gunicorn → app       app(environ, start_response) GET /
  app      → gunicorn  return <generator>
  app      → gunicorn  start_response 200 OK  Content-Type: text/plain
  app      → gunicorn  yield b'one'
  gunicorn → nginx     200 OK
  nginx    → client    200 OK
≈ app      → gunicorn  yield b'two'
≈ gunicorn → nginx     Data onetwo
  nginx    → client    Data onetwo
≈ app      → gunicorn  StopIteration
≈ gunicorn → app       close()
≈ nginx    ⇄ gunicorn  FIN
  client   ⇄ nginx     FIN
""",
    "without_events": """
  client   → nginx     GET /
  nginx    → gunicorn  GET /
  gunicorn → nginx     200 OK
  gunicorn → nginx     Data onetwo
≈ nginx    → client    200 OK
  nginx    → client    Data onetwo
  client   ⇄ nginx     FIN
≈ nginx    ⇄ gunicorn  FIN
""",
    "socket_through_nginx": """
  client → nginx   GET /
  nginx  → daphne  GET /
  daphne → app     scope websocket /
  daphne → app     websocket.connect
  app    → daphne  websocket.accept
  daphne → nginx   101 Switching Protocols
  nginx  → client  101 Switching Protocols
  client → nginx   TEXT 'one'
  nginx  → daphne  TEXT 'one'
  daphne → app     websocket.receive text='one'
  app    → daphne  websocket.send text='ONE'
  daphne → nginx   TEXT 'ONE'
  nginx  → client  TEXT 'ONE'
  client → nginx   TEXT 'two'
  nginx  → daphne  TEXT 'two'
  daphne → app     websocket.receive text='two'
  app    → daphne  websocket.send text='TWO'
  daphne → nginx   TEXT 'TWO'
  nginx  → client  TEXT 'TWO'
  client → nginx   CLOSE 1000
  nginx  → daphne  CLOSE 1000
  daphne → nginx   CLOSE 1000
  nginx  → client  CLOSE 1000
≈ daphne → app     websocket.disconnect code=1000
≈ app    → daphne  return
  client ⇄ nginx   FIN
≈ nginx  ⇄ daphne  FIN
""",
    "conversation": """
  client  → uvicorn  POST /
≈ client  → uvicorn  Data one
  uvicorn → app      scope http POST /
  app     → uvicorn  http.response.start 200  content-length: 6
≈ uvicorn → client   200 OK
  uvicorn → app      http.request body=b'one'  more_body=True
  app     → uvicorn  http.response.body body=b'ONE'  more_body=True
  uvicorn → client   Data ONE
  client  → uvicorn  Data two
  uvicorn → app      http.request body=b'two'  more_body=False
  app     → uvicorn  http.response.body body=b'TWO'  more_body=False
  uvicorn → client   Data TWO
≈ app     → uvicorn  return
  client  ⇄ uvicorn  FIN
""",
    "conversation_without_events": """
  client  → uvicorn  POST /
  client  → uvicorn  Data one
≈ uvicorn → client   200 OK
  uvicorn → client   Data ONE
  client  → uvicorn  Data two
  uvicorn → client   Data TWO
  client  ⇄ uvicorn  FIN
""",
    "unread_body": """
  client  → uvicorn  POST /
≈ client  → uvicorn  Data body
  uvicorn → app      scope http POST /
  app     → uvicorn  http.response.start 200  content-length: 2
  uvicorn → client   200 OK
≈ app     → uvicorn  http.response.body body=b'no'
  uvicorn → client   Data no
≈ app     → uvicorn  return
  client  ⇄ uvicorn  FIN
""",
    "two_apps": """
  client    → pages      [1] GET /page
  pages     → pages app  [1] app(environ, start_response) GET /page
  pages app → pages      [1] return <generator>
  pages app → pages      [1] start_response 200 OK  Content-Type: text/plain
  pages app → pages      [1] yield b'one'
  pages     → client     [1] 200 OK
≈ pages app → pages      [1] yield b'two'
  pages     → client     [1] Data onetwo
≈ pages app → pages      [1] StopIteration
≈ pages     → pages app  [1] close()
≈ client    ⇄ pages      [1] FIN
  client    → chat       [2] GET /ws
  chat      → chat app   [2] scope websocket /ws
  chat      → chat app   [2] websocket.connect
  chat app  → chat       [2] websocket.accept
  chat      → client     [2] 101 Switching Protocols
  client    → chat       [2] TEXT 'hi'
  chat      → chat app   [2] websocket.receive text='hi'
  chat app  → chat       [2] websocket.send text='HI'
  chat      → client     [2] TEXT 'HI'
  client    → chat       [2] CLOSE 1000
  chat      → client     [2] CLOSE 1000
≈ chat      → chat app   [2] websocket.disconnect code=1000  reason=''
≈ chat app  → chat       [2] return
  client    ⇄ chat       [2] FIN
""",
}
