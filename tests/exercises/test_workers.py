"""What a gunicorn's workers hold and complain of, asked of a real one."""

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from support import outcome
from support.exercises.wsgi_servers import complaints, held, places, told_to_stop, workers

APP = """
from pathlib import Path


def app(environ, start_response):
    print("begins")
    Path("word").read_text()
    start_response("200 OK", [("Content-Length", "0")])
    return []
"""


@pytest.fixture
def waiting(shared):
    """Runs gunicorn with options, its app waiting for a word in the bench's folder."""
    Path(shared.folder, "waiting.py").write_text(APP, encoding="utf-8")
    word = Path(shared.folder, "word")
    if not word.exists():
        os.mkfifo(word)
    servers = []

    def run(options=""):
        servers.append(shared.run(f"gunicorn waiting:app {options}"))
        return servers[-1]

    yield run
    for server in servers:
        server.stop()


@pytest.mark.parametrize(
    ("options", "at_once", "holds"),
    [("", 1, (1, 1, 2)), ("--workers 2", 2, (2, 2, 1)), ("--threads 2", 2, (1, 3, 0)), ("-k gevent", 1000, (1, 3, 0))],
)
def test_what_it_works_on_and_what_it_holds(waiting, options, at_once, holds):
    server = waiting(options)
    assert places(server) == at_once
    clients = [server.connect() for _ in range(3)]
    for client in clients:
        client.sendall(b"GET / HTTP/1.1\r\n")
    assert held(server, 3) == holds
    for client in clients:
        client.close()


def test_a_worker_that_ends_meanwhile_holds_nothing(waiting, monkeypatch):
    """As gunicorn's --timeout ends it: nobody waits for it any more."""
    server, looks = waiting(), []

    def accepted(server, found):
        looks.append(found)
        for worker in filter(psutil.Process.is_running, found):
            worker.kill()
            worker.wait()
        return look(server, found)

    look = workers._accepted
    monkeypatch.setattr(workers, "_accepted", accepted)
    assert held(server, 1) == (1, 0, 1)
    assert len(looks) == 2, "it waited for a worker that has ended"


def test_a_worker_that_is_told_to_stop_ends_its_call_and_begins_no_other(waiting):
    server = waiting()
    with ThreadPoolExecutor() as clients:
        first = clients.submit(outcome, server.url, 60)
        server.log("begins", timeout=20)
        second = clients.submit(outcome, server.url, 60)
        assert held(server, 1) == (1, 1, 0)
        told_to_stop(server)
        Path(server.folder, "word").write_text("go")
        assert first.result() == "200 OK"
        assert second.result() != "200 OK"
    assert server.wait() == 0


def test_complaints_are_without_times_and_process_numbers(waiting):
    server = waiting("--timeout 1")
    with server.connect(20) as client:
        client.sendall(b"GET / HTTP/1.1\r\n")
        assert client.recv(9) == b"HTTP/1.1 "
        server.log("Booting worker", count=2, timeout=20)  # the first one may have been killed on the way
    assert complaints(server) == ["CRITICAL WORKER TIMEOUT", "ERROR Error handling request (no URI read)"]


def test_a_kill_without_a_timeout_is_complained_of(waiting):
    server = waiting()
    psutil.Process(server.process.pid).children()[0].kill()
    server.log("Booting worker", count=2, timeout=20)
    assert complaints(server, also="begins") == ["ERROR Worker was sent SIGKILL! Perhaps out of memory?"]
