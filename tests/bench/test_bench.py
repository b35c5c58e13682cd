"""The bench: ports, re-runs, and a fresh start."""

import ast
import itertools
import os
import shutil
import socket
import sys
from pathlib import Path

import httpx
import psutil
import pytest
import samples

from support import Bench, BenchError
from support.bench import ports

COMMANDS = ["gunicorn hello:app", "uvicorn hello:asgi", "daphne hello:asgi", "python hello.py"]
ENVIRON = """
import os
import shutil
def app(environ, start_response):
    start_response("200 OK", [])
    return [repr(dict(os.environ)).encode()]
"""


def test_the_familiar_port_first(bench, familiar):
    assert bench.run("python hello.py").port == familiar


def test_the_next_free_port_when_the_familiar_one_is_taken(bench, familiar):
    with samples.stranger(familiar):
        server = bench.run("python hello.py")
    assert familiar < server.port < familiar + 100
    assert httpx.get(server.url).text == "hello"


@pytest.mark.parametrize("command", COMMANDS)
def test_a_taken_port_that_was_asked_for(bench, stranger, command):
    with pytest.raises(BenchError, match=f"{stranger} is taken") as caught:
        bench.run(command, port=stranger)
    assert "in use" in caught.value.evidence.lower()
    assert samples.HANGUL.search(caught.value.ko)
    assert samples.programs(bench) == []


def test_a_port_that_was_asked_for(bench, familiar):
    server = bench.run("python hello.py", port=familiar + 7)
    assert server.port == familiar + 7
    assert httpx.get(server.url).text == "hello"


@pytest.fixture
def outdated(monkeypatch):
    """A function that has the bench believe that these ports are free, and then finds it others."""
    claims = ports.claims

    def believe(*taken):
        others = claims(samples.quiet_port())
        monkeypatch.setattr(ports, "claims", lambda _: itertools.chain(map(ports.Claim, taken), others))

    return believe


@pytest.mark.parametrize("command", [*COMMANDS, "nginx"])
def test_a_race_for_the_port_that_is_lost(bench, stranger, outdated, command):
    outdated(stranger)
    server = bench.nginx("return 200 hello;") if command == "nginx" else bench.run(command)
    assert server.port != stranger
    assert httpx.get(server.url).text == "hello"
    assert str(stranger) not in " ".join(server.command)


@pytest.mark.parametrize("command", ["gunicorn hello:app", "nginx"])
def test_a_race_that_is_lost_to_somebody_who_never_answers(bench, outdated, command):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        taken = silent.getsockname()[1]
        outdated(taken)
        server = bench.nginx("return 200 hello;") if command == "nginx" else bench.run(command)
    assert server.port != taken
    assert httpx.get(server.url).text == "hello"


def test_a_program_that_loses_the_race_and_says_nothing(bench, stranger, outdated):
    """As uvicorn does on uvloop when somebody else begins to listen between its bind() and its listen()."""
    source = samples.HELLO.replace("    make_server", "    try:\n        make_server")
    (bench.folder / "hello.py").write_text(f"{source}    except OSError:\n        __import__('time').sleep(60)\n")
    outdated(stranger)
    assert httpx.get(bench.run("python hello.py").url).text == "hello"


def test_a_race_for_the_taps_port_that_is_lost(bench, stranger, outdated):
    server = bench.run("python hello.py")
    outdated(stranger)
    assert httpx.get(bench.tap(server).url).text == "hello"


def test_a_program_that_wants_another_port_which_is_taken(bench, stranger):
    (bench.folder / "stubborn.py").write_text(f"import socket\nsocket.create_server(('127.0.0.1', {stranger}))")
    with pytest.raises(BenchError, match="found every port taken") as caught:
        bench.run("python stubborn.py")
    assert "Address already in use" in caught.value.evidence
    assert samples.programs(bench) == []


@pytest.mark.parametrize("command", ["gunicorn in_use:app", "python in_use.py"])
def test_an_app_that_speaks_of_a_connection_in_use(bench, command):
    (bench.folder / "in_use.py").write_text(f"print('connection in use', flush=True)\n{samples.HELLO}")
    assert httpx.get(bench.run(command).url).text == "hello"


def test_the_same_command_again_replaces_the_server(bench, familiar):
    first, second = bench.run("gunicorn hello:app"), bench.run("gunicorn hello:app")
    assert (first.port, second.port) == (familiar, familiar)
    assert not first.running
    assert second.running
    assert list(bench.servers.values()) == [second]


def test_the_port_of_a_server_that_has_ended_waits_for_its_successor(bench, familiar):
    bench.run("python hello.py").process.kill()
    samples.until(lambda: not bench.servers["python hello.py"].running)
    assert bench.run("gunicorn hello:app").port != familiar
    assert bench.run("python hello.py").port == familiar


def test_children_of_a_killed_server_are_not_in_the_way_of_its_successor(bench, familiar):
    first = bench.run("gunicorn hello:app -w 2")
    first.process.kill()
    first.process.wait()
    assert bench.run("gunicorn hello:app -w 2").port == familiar


def test_the_same_name_again_replaces_the_server(bench):
    first, second = bench.run("python hello.py", name="web"), bench.run("gunicorn hello:app", name="web")
    assert (first.running, second.running) == (False, True)


def test_a_new_bench_clears_the_old_one(bench, familiar):
    servers = [bench.run("gunicorn hello:app -w 2"), bench.run("python hello.py")]
    taps = [bench.tap(server) for server in servers]
    second = Bench()
    assert samples.processes(bench.folder, bench._keeper.pid) == []
    assert not any(samples.accepts(one.port) for one in servers + taps)
    assert not bench.folder.exists()
    assert Path.cwd() == second.folder != bench.folder


def test_what_a_cleared_server_had_to_say_is_gone(bench):
    server = bench.run("python hello.py")
    Bench()
    for ask in (server.log, server.events):
        with pytest.raises(BenchError, match="no longer runs") as caught:
            ask()
        assert samples.HANGUL.search(caught.value.ko)


def test_closing_goes_back_to_where_it_began(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Bench().close()
    assert Path.cwd() == tmp_path
    assert Bench.current is None


def test_closing_an_older_bench_leaves_the_newer_one(bench):
    newer = Bench()
    bench.close()
    assert (Bench.current, Path.cwd()) == (newer, newer.folder)


def test_closing_when_the_folder_it_began_in_is_gone(tmp_path, monkeypatch):
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    made = Bench()
    here.rename(tmp_path / "renamed")
    made.close()
    assert Bench.current is None
    assert Path.cwd() == made.folder.parent


def test_stopping_what_ends_at_the_same_moment(bench, monkeypatch):
    server = bench.run("python hello.py")
    kill = psutil.Process.kill

    def gone(process):
        kill(process)
        raise psutil.NoSuchProcess(process.pid)

    monkeypatch.setattr(server.process, "terminate", lambda: None)
    monkeypatch.setattr(psutil.Process, "kill", gone)
    server.stop(grace=0)
    assert not server.running


def test_a_tap_behind_a_high_port(bench):
    server = bench.run("python hello.py", port=samples.unused(61000 + os.getpid() % 250 * 10))
    assert httpx.get(bench.tap(server).url).text == "hello"


def test_closing_ends_the_servers_even_without_the_keeper(bench):
    server = bench.run("python hello.py")
    bench._keeper.kill()
    bench.close()
    assert not server.running
    shutil.rmtree(bench.folder)


def test_a_read_only_current_directory(tmp_path, monkeypatch):
    tmp_path.chmod(0o555)
    monkeypatch.chdir("/proc" if os.access(tmp_path, os.W_OK) else tmp_path)  # root may write anywhere else
    made = Bench()
    (made.folder / "hello.py").write_text(samples.HELLO)
    try:
        assert httpx.get(made.run("gunicorn hello:app").url).text == "hello"
    finally:
        made.close()


def test_clients_reach_the_bench_whatever_the_proxy(monkeypatch, stranger):
    monkeypatch.setenv("NO_PROXY", "example.org")
    monkeypatch.setenv("no_proxy", "")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    made = Bench()
    made.close()
    assert os.environ["NO_PROXY"] == "example.org,127.0.0.1,localhost"
    assert httpx.get(f"http://127.0.0.1:{stranger}").text == "stranger"


def test_the_servers_environment(bench, monkeypatch):
    monkeypatch.setenv("WEB_CONCURRENCY", "2")
    monkeypatch.setenv("KEPT", "yes")
    (bench.folder / "environ.py").write_text(ENVIRON)
    seen = ast.literal_eval(httpx.get(bench.run("gunicorn environ:app").url).text)
    assert (seen["BENCH"], seen["KEPT"]) == (str(bench.folder), "yes")
    assert seen["GUNICORN_CMD_ARGS"] == "--no-control-socket"  # all gunicorns of one user would share it
    assert {"WEB_CONCURRENCY", "PYTEST_CURRENT_TEST"}.isdisjoint(seen)


def test_a_rewritten_file_is_what_runs_next(bench, monkeypatch):
    monkeypatch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
    answers = []
    for text in ("first", "again"):  # of one length, within one second
        (bench.folder / "hello.py").write_text(samples.HELLO.replace("hello", text))
        answers.append(httpx.get(bench.run("gunicorn hello:app").url).text)
    assert answers == ["first", "again"]


def test_loading_an_app_needs_no_server(bench):
    said = []
    assert bench.load("hello:app")({}, lambda *args: said.append(args)) == [b"hello"]
    assert said == [("200 OK", [("Content-Type", "text/plain")])]
    assert "hello" not in sys.modules
