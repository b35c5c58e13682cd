"""A server: where it is reached, what it is called, and how it ends, is started again and begins anew."""

import asyncio
import socket
import ssl
import subprocess

import httpx
import pytest
import samples
from websockets.asyncio.client import connect

from support import Bench, BenchError, say
from support.bench import family, ports
from support.waiting import until

RECORDED = samples.HELLO.replace("import sys", "import sys\nfrom support import record").replace(
    "\n\nif __name__", "\n\napp = record(app)\nasgi = record(asgi)\n\nif __name__"
)
UNIX = {
    "gunicorn hello:app --bind unix:app.sock": "unix:app.sock",
    "gunicorn hello:asgi -k asgi --bind unix:run/app.sock": "unix:run/app.sock",
    "uvicorn hello:asgi --uds app.sock": "unix:app.sock",
    "daphne -u app.sock hello:asgi": "unix:app.sock",
    "hypercorn hello:asgi --bind unix:app.sock": "unix:app.sock",
}
GUNICORN_TLS = "--certfile .bench/certificate.pem --keyfile .bench/key.pem"
TLS = [
    f"gunicorn hello:app {GUNICORN_TLS}",
    f"gunicorn hello:app -k gthread {GUNICORN_TLS}",
    f"gunicorn hello:app -k gevent {GUNICORN_TLS}",
    f"gunicorn hello:asgi -k asgi {GUNICORN_TLS}",
    f"gunicorn hello:asgi -k uvicorn_worker.UvicornWorker {GUNICORN_TLS}",
    "uvicorn hello:asgi --ssl-certfile .bench/certificate.pem --ssl-keyfile .bench/key.pem",
    "daphne -e ssl:443:privateKey=.bench/key.pem:certKey=.bench/certificate.pem hello:asgi",
    f"hypercorn hello:asgi {GUNICORN_TLS}",
]
ABROAD = """
import socket, sys, time
listener = socket.create_server((sys.argv[1], int(sys.argv[2])))
print("I listen", flush=True)
time.sleep(60)
"""
WORKER = """
import os, time
print("at work", os.environ.get("SHIFT"), flush=True)
while not os.path.exists("enough"):
    time.sleep(0.01)
print("done", flush=True)
raise SystemExit(3)
"""


@pytest.fixture
def recorded(bench):
    (bench.folder / "hello.py").write_text(RECORDED, encoding="utf-8")
    return bench


def paths(server) -> list[str]:
    """The paths that the WSGI app was called with."""
    return [event.data["PATH_INFO"] for event in server.events() if event.way == "→" and "PATH_INFO" in event.data]


@pytest.mark.parametrize("command", UNIX)
def test_a_unix_socket(recorded, capsys, command):
    (recorded.folder / "run").mkdir()
    server = recorded.run(command, name="web")
    assert capsys.readouterr().out == f"$ {command}\n"
    assert (server.address, server.port) == (UNIX[command], None)
    assert server.endpoint == (socket.AF_UNIX, str(recorded.folder / UNIX[command].removeprefix("unix:")))
    assert repr(server) == f"<web at {UNIX[command]}>"
    assert say(server, "GET / HTTP/1.0").endswith(b"hello")
    tap = recorded.tap(server)
    assert httpx.get(tap.url).text == "hello"
    assert tap.bytes("→").startswith(b"GET / HTTP/1.1\r\n")
    assert len(server.events().only("http" if "asgi" in command else "wsgi").last) > 0
    server.restart()
    assert httpx.get(tap.url).text == "hello"


def test_a_unix_socket_has_no_url(bench):
    server = bench.run("gunicorn hello:app --bind unix:app.sock")
    for name in ("url", "ws_url"):
        with pytest.raises(BenchError, match=r"bench\.tap") as caught:
            getattr(server, name)
        assert samples.HANGUL.search(caught.value.ko)


def test_nginx_before_a_unix_socket(bench):
    web = bench.run("gunicorn hello:app --bind unix:app.sock")
    front = bench.nginx("location / { proxy_pass http://{{ web.address }}; }", {"web": web})
    assert httpx.get(front.url).text == "hello"


def test_an_nginx_on_a_unix_socket(bench):
    server = bench.nginx("server { listen unix:front.sock; return 200 hello; }")
    assert (server.address, server.port) == ("unix:front.sock", None)
    assert say(server, "GET / HTTP/1.0").endswith(b"hello")


def test_a_unix_socket_that_an_earlier_server_left(bench):
    with socket.socket(socket.AF_UNIX) as left:
        left.bind("app.sock")
        assert say(bench.run("daphne -u app.sock hello:asgi"), "GET / HTTP/1.0").endswith(b"hello")


def test_a_unix_socket_with_a_long_path(monkeypatch, tmp_path):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / ("long" * 20)))
    (tmp_path / ("long" * 20)).mkdir()
    made = Bench()
    try:
        (made.folder / "hello.py").write_text(samples.HELLO)
        server = made.run("gunicorn hello:app --bind unix:app.sock")
        assert say(server, "GET / HTTP/1.0").endswith(b"hello")
    finally:
        made.close()


@pytest.mark.parametrize("command", TLS)
def test_a_tls_server(shared, command):
    """Asked in TLS from the first knock on: no server says a word about bad bytes."""
    context = ssl.create_default_context(cafile=shared.certificate().ca)
    server = shared.run(command)
    assert server.url == f"https://127.0.0.1:{server.port}"
    assert server.ws_url == f"wss://127.0.0.1:{server.port}"
    assert httpx.get(server.url, verify=context).text == "hello"
    assert say(server, "GET / HTTP/1.0").endswith(b"hello")
    tap = shared.tap(server)
    assert tap.url.startswith("https:")
    assert httpx.get(tap.url, verify=context).text == "hello"
    assert complaints(server) == []
    server.stop()


def complaints(server) -> list[str]:
    """The words in the log that tell of something that went wrong."""
    return [word for word in ("error", "warn", "invalid", "traceback", "exception") if word in server.log().lower()]


@pytest.mark.parametrize("worker", ["sync", "gthread", "gevent", "asgi"])
def test_a_tls_server_that_loads_its_app_slowly(shared, worker):
    """The knocks that come meanwhile wait in the backlog: whoever gave one up would leave an error in the log."""
    shared.certificate()
    (shared.folder / "slow.py").write_text(f"import time\ntime.sleep(2.5)\n{samples.HELLO}")
    app = "asgi" if worker == "asgi" else "app"
    server = shared.run(
        f"gunicorn slow:{app} -k {worker} --certfile .bench/certificate.pem --keyfile .bench/key.pem",
    )
    assert httpx.get(server.url, verify=False).text == "hello"
    assert complaints(server) == []
    server.stop()


def test_tls_in_a_program_of_ones_own(shared):
    shared.certificate()
    (shared.folder / "secure.py").write_text(
        samples.HELLO.replace(
            "make_server(",
            "import ssl\n    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)\n"
            "    context.load_cert_chain('.bench/certificate.pem', '.bench/key.pem')\n    server = make_server(",
        ).replace(
            ".serve_forever()",
            "\n    server.socket = context.wrap_socket(server.socket, server_side=True)\n    server.serve_forever()",
        )
    )
    server = shared.run("python secure.py", tls=True)
    context = ssl.create_default_context(cafile=shared.certificate().ca)
    assert httpx.get(server.url, verify=context).text == "hello"
    assert server.ws_url.startswith("wss:")


def test_a_websocket_through_a_tls_server(shared):
    # In one thread: websockets' other client reads in a second one, and in TLS what the first writes may get lost then,
    # because a connection of OpenSSL is not for two at once (github.com/python/cpython/issues/143756).
    async def echo():
        async with connect(server.ws_url, ssl=context) as websocket:
            await websocket.send("hello")
            return await websocket.recv()

    context = ssl.create_default_context(cafile=shared.certificate().ca)
    (shared.folder / "echo.py").write_text(samples.ECHO)
    server = shared.run(f"hypercorn echo:app {GUNICORN_TLS}")
    assert asyncio.run(echo()) == "hello"


def test_a_configuration_file_that_listens_everywhere(shared, capsys):
    (shared.folder / "c.py").write_text("bind = '0.0.0.0:80'\nworkers = 2\n")
    server = shared.run("gunicorn hello:app -c c.py")
    said = capsys.readouterr().out.splitlines()
    assert said == [f"$ {' '.join(server.command)}", f"c.py: bind = 0.0.0.0:80 → {server.address}"]
    assert {host for host, _ in server._family.listening()} == {"127.0.0.1"}
    server.restart()
    assert capsys.readouterr().out.splitlines() == said
    assert httpx.get(server.url).text == "hello"
    server.stop()


def test_variables_before_the_command(shared, capsys):
    (shared.folder / "environ.py").write_text(
        "import os\ndef app(environ, start_response):\n    start_response('200 OK', [])\n"
        "    return [os.environ['FOO'].encode(), os.environ['GUNICORN_CMD_ARGS'].encode()]\n"
    )
    server = shared.run("FOO='a b' GUNICORN_CMD_ARGS='--threads 2' gunicorn environ:app")
    shown = capsys.readouterr().out
    assert shown.startswith("$ FOO='a b' GUNICORN_CMD_ARGS='--threads 2' gunicorn environ:app --bind 127.0.0.1:")
    assert httpx.get(server.url).text == "a b--no-control-socket --threads 2"
    assert "gthread" in server.log()
    server.stop()


@pytest.fixture
def loopback_is_one_address(monkeypatch):
    """127.0.0.2 stands for an address that other machines reach: a test must not listen on such a one."""
    monkeypatch.setattr(ports, "loopback", lambda packed: packed == b"\x7f\0\0\1")


@pytest.mark.parametrize("linux", [True, False], ids=["Linux", "elsewhere"])
@pytest.mark.parametrize("command", ["python abroad.py 127.0.0.2 {port}", "sh abroad.sh {port}"])
def test_a_program_that_listens_elsewhere_is_ended_at_once(bench, monkeypatch, loopback_is_one_address, linux, command):
    monkeypatch.setattr(ports, "LINUX", linux and ports.LINUX)
    (bench.folder / "abroad.py").write_text(ABROAD)
    (bench.folder / "abroad.sh").write_text("python3 abroad.py 127.0.0.2 $1\necho never")
    with pytest.raises(BenchError, match=r"listens at 127\.0\.0\.2:\d+, where other machines can reach it") as caught:
        bench.run(command)
    assert samples.HANGUL.search(caught.value.ko)
    assert samples.programs(bench) == []


def test_a_program_that_listens_elsewhere_later_is_ended_at_the_next_look(bench, loopback_is_one_address):
    (bench.folder / "abroad.py").write_text(ABROAD)
    server = bench.run(f"python abroad.py 127.0.0.2 {samples.quiet_port()}", listens=False)
    with pytest.raises(BenchError, match="where other machines can reach it"):
        server.log("I listen")
        server.log()
    assert not server.running


@pytest.mark.parametrize("linux", [True, False], ids=["Linux", "elsewhere"])
def test_somebody_else_who_listens_elsewhere_is_no_reason(bench, familiar, monkeypatch, loopback_is_one_address, linux):
    monkeypatch.setattr(ports, "LINUX", linux and ports.LINUX)
    with socket.create_server(("127.0.0.2", 0)):
        server = bench.run("python hello.py")
        with socket.create_server(("127.0.0.2", 0)):
            assert server.log() == ""
        assert server.running


def test_a_program_that_listens_on_another_port_than_it_was_told(bench):
    (bench.folder / "deaf.py").write_text(samples.HELLO.replace("int(sys.argv[1])", str(samples.quiet_port())))
    with pytest.raises(BenchError, match=f"listens at 127.0.0.1:{samples.quiet_port()}, not at") as caught:
        bench.run("python deaf.py", timeout=0.5)
    assert f"port={samples.quiet_port()}" in caught.value.en
    assert f"port={samples.quiet_port()}" in caught.value.ko
    assert httpx.get(bench.run("python deaf.py", port=samples.quiet_port()).url).text == "hello"


def test_a_program_that_listens_nowhere(bench, capsys):
    (bench.folder / "worker.py").write_text(WORKER)
    worker = bench.run("SHIFT=night python worker.py", listens=False)
    assert capsys.readouterr().out == "$ SHIFT=night python worker.py\n"
    assert worker.log("at work") == "at work night"
    assert (worker.address, worker.port, worker.status) == ("", None, None)
    assert repr(worker) == "<python runs>"
    for ask in (lambda: worker.url, worker.connect, lambda: bench.tap(worker)):
        with pytest.raises(BenchError, match="listens nowhere") as caught:
            ask()
        assert samples.HANGUL.search(caught.value.ko)
    (bench.folder / "enough").touch()
    assert worker.wait(samples.HANGING) == 3
    assert repr(worker) == "<python ended with status 3>"
    assert worker.log().splitlines()[-1] == "done"


def test_waiting_for_an_end_that_does_not_come(bench):
    server = bench.run("python hello.py")
    with pytest.raises(BenchError, match=r"is still running after 0\.1 seconds") as caught:
        server.wait(0.1)
    assert samples.HANGUL.search(caught.value.ko)


def test_a_log_line_of_a_program_that_has_ended_is_not_waited_for(bench, monkeypatch):
    (bench.folder / "short.py").write_text("print('one')")
    program = bench.run("python short.py", listens=False)
    program.wait()
    looks = []
    monkeypatch.setattr("support.waiting.time.sleep", looks.append)
    with pytest.raises(BenchError, match="has 1 lines with 'one', not 2"):
        program.log("one", count=2)
    assert looks == []


def test_the_name_is_what_a_server_is_called(recorded):
    pages = recorded.run("gunicorn hello:app", name="pages")
    assert (pages.name, repr(pages)) == ("pages", f"<pages at {pages.url}>")
    httpx.get(pages.url)
    assert pages.events().server == "pages"
    with pytest.raises(BenchError, match="The log of pages has 0 lines") as caught:
        pages.log("nothing", timeout=0)
    assert caught.value.evidence.startswith("$ gunicorn hello:app")
    recorded.run("gunicorn hello:app -w 2", name="pages")
    assert not pages.running
    assert list(recorded.servers) == ["pages"]


def test_the_name_of_an_nginx(bench):
    edge = bench.nginx("return 200 hello;", name="edge")
    cell = bench.nginx("return 200 hello;", key="site")
    assert (edge.name, cell.name) == ("edge", "nginx")
    assert list(bench.servers) == ["edge", "site"]


@pytest.mark.parametrize("linux", [True, False], ids=["Linux", "elsewhere"])
@pytest.mark.parametrize("command", ["gunicorn hello:app", "nginx"])
def test_starting_again(recorded, familiar, monkeypatch, tmp_path, capsys, linux, command):
    monkeypatch.setattr(ports, "LINUX", linux and ports.LINUX)
    monkeypatch.setattr(ports, "LOCKS", tmp_path)
    server = recorded.nginx("return 200 hello;") if command == "nginx" else recorded.run(command)
    tap = recorded.tap(server)
    httpx.get(f"{server.url}/first")
    before, shown = (server.port, server.process.pid), capsys.readouterr().out
    server.restart()
    assert capsys.readouterr().out == shown
    assert server.port == before[0]
    assert server.process.pid != before[1]
    assert httpx.get(f"{tap.url}/second").text == "hello"
    if command != "nginx":
        assert paths(server) == ["/second"]
    server.stop()
    server.restart()
    assert httpx.get(server.url).text == "hello"


def test_starting_again_on_a_port_that_is_gone(bench, familiar):
    server = bench.run("gunicorn hello:app")
    server.stop()
    with samples.stranger(server.port), pytest.raises(BenchError, match=f"{server.address} is taken"):
        server.restart()
    server.release()
    claim = ports.Claim(server.port)
    with pytest.raises(BenchError, match=f"{server.address} is taken") as caught:
        server.restart()
    claim.close()
    assert samples.HANGUL.search(caught.value.ko)


def test_the_port_of_a_stopped_server_stays_its_own(bench, familiar):
    """Else a proxy in front of a dead half would find somebody else behind its port."""
    room = bench.run("python hello.py", name="room")
    room.stop()
    assert bench.run("python hello.py", name="another").port != room.port
    with pytest.raises(ports.Claimed):
        ports.Claim(room.port)
    assert bench.run("python hello.py", name="room").port == room.port


def test_nobody_takes_the_port_of_a_server_that_starts_again(bench, familiar, monkeypatch):
    server = bench.run("python hello.py")
    start = server.start

    def contested(*arguments, **keywords):
        with pytest.raises(ports.Claimed):
            ports.Claim(server.port)
        start(*arguments, **keywords)

    monkeypatch.setattr(server, "start", contested)
    claims = list(server.claims)
    server.restart()
    assert server.claims == claims  # not let go of for a moment


def test_starting_again_after_the_bench_was_cleared(bench):
    server = bench.run("python hello.py")
    Bench()
    with pytest.raises(BenchError, match="no longer runs"):
        server.restart()


def test_log_and_events_begin_anew(recorded):
    server = recorded.run("python hello.py")
    httpx.get(f"{server.url}/first")
    server.log("/first")
    server.clear()
    assert server.log() == ""
    httpx.get(f"{server.url}/second")
    server.log("/second")
    assert "/first" not in server.log()
    assert paths(server) == ["/second"]


def test_a_bench_shows_what_stands_on_it(bench):
    assert repr(bench) == "nothing stands on the bench"
    web = bench.run("gunicorn hello:app", name="web")
    bench.run("FOO=1 python hello.py")
    (bench.folder / "short.py").write_text("raise SystemExit(3)")
    bench.run("python short.py", listens=False).wait()
    tap = bench.tap(web)
    rows = [line.split("  ") for line in repr(bench).splitlines()]
    rows = [[cell.strip() for cell in row if cell.strip()] for row in rows]
    assert rows[0] == ["name", "command", "address", "runs"]
    assert rows[1] == ["web", f"gunicorn hello:app --bind {web.address}", web.address, "yes"]
    assert rows[2][1].startswith("FOO=1 python hello.py ")
    assert rows[3] == ["python", "python short.py", "ended, status 3"]
    assert rows[4] == ["tap of web", tap.address, "yes"]
    assert "gunicorn hello:app" in bench._repr_html_()


class _Works:
    """A family that has had so much processor time at each look, and the clock of a patience that looks at it."""

    def __init__(self, *work: float, starved: bool = False) -> None:
        self.now, self._work, self.starved = 0.0, iter(work), starved

    def work(self) -> float:
        return next(self._work)

    def runnable(self) -> bool:
        return self.starved


@pytest.mark.parametrize(
    ("work", "seconds"),
    [
        ([0.0] * 50, 20),  # it sleeps
        ([0.001 * n for n in range(50)], 20),  # it looks for something now and then
        ([0.05 * n for n in range(1000)], 300),  # on a machine where it gets a twentieth of a core
        ([0.05 * min(n, 30) for n in range(1000)], 50),  # it works for 30 of these seconds, then it sleeps
    ],
)
def test_time_counts_only_while_a_program_does_not_get_on(monkeypatch, work, seconds):
    works = _Works(*work)
    monkeypatch.setattr(family.time, "monotonic", lambda: works.now)
    patience = family.Patience(works, 20)
    while not patience.spent():
        works.now += 1
    assert works.now == seconds


def test_a_program_that_the_machine_does_not_let_work_is_waited_for(monkeypatch):
    works = _Works(*[0.0] * 1000, starved=True)
    monkeypatch.setattr(family.time, "monotonic", lambda: works.now)
    patience = family.Patience(works, 20)
    while not patience.spent():
        works.now += 1
    assert works.now == 20 * family.MOST


def test_who_computes_would_work_and_who_sleeps_would_not(bench):
    (bench.folder / "either.py").write_text(
        "import os, time\nwhile not os.path.exists('enough'): pass\nprint('I sleep', flush=True)\ntime.sleep(60)\n"
    )
    program = bench.run("python either.py", listens=False)
    assert until(program._family.runnable, 60)
    (bench.folder / "enough").touch()
    program.log("I sleep")
    assert until(lambda: not program._family.runnable(), 60)


def test_a_program_that_gets_on_is_waited_for_longer_than_the_timeout(bench, monkeypatch):
    monkeypatch.setattr(family, "MOST", 1000)  # on a very busy machine two seconds of work take very long
    (bench.folder / "slow.py").write_text(
        "import time\nbegan = time.process_time()\nwhile time.process_time() - began < 2: pass\n" + samples.HELLO
    )
    assert httpx.get(bench.run("python slow.py", timeout=1).url).text == "hello"


def test_redis(bench):
    import redis

    server = bench.run("redis-server")
    assert server.command[1:3] == ["--bind", "127.0.0.1"]
    client = redis.Redis(port=server.port)
    client.set("greeting", "hello")
    assert client.get("greeting") == b"hello"
    assert {host for host, _ in server._family.listening()} == {"127.0.0.1"}


def test_a_redis_with_a_password_is_ready_too(bench):
    assert bench.run("redis-server --requirepass secret").running


def test_a_redis_whose_configuration_makes_it_a_daemon(bench):
    (bench.folder / "redis.conf").write_text("daemonize yes\n")
    with pytest.raises(BenchError, match="went into the background"):
        bench.run("redis-server redis.conf")
    assert samples.programs(bench) == []


def test_what_ends_while_one_looks_who_listens_has_not_lost_its_port(bench, monkeypatch):
    (bench.folder / "worker.py").write_text(WORKER)

    def owns(program, port):
        (bench.folder / "enough").touch()
        program.process.wait()
        return False

    monkeypatch.setattr(family.Family, "owns", owns)
    with pytest.raises(BenchError, match="python ended at once, with status 3"):
        bench.run("python worker.py")


@pytest.mark.parametrize("again", [False, True], ids=["run", "restart"])
def test_an_interrupt_before_anybody_has_its_number(bench, monkeypatch, again):
    server = bench.run("python hello.py") if again else None
    start = subprocess.Popen

    def interrupted(*arguments, **options):
        start(*arguments, **options)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(subprocess, "Popen", interrupted)
        with pytest.raises(KeyboardInterrupt):
            server.restart() if again else bench.run("python hello.py")
    assert samples.programs(bench) == []
    (server.restart if again else lambda: bench.run("python hello.py"))()
