"""What a server printed: waiting for a line, and leaving out what says nothing to a learner."""

import re
import time
from pathlib import Path

import httpx
import pytest
import samples

from support import BenchError
from support.bench.output import Log, fold
from support.waiting import until

SPEAKS = """
import sys, time
from wsgiref.simple_server import make_server
server = make_server("127.0.0.1", int(sys.argv[1]), None)
print("once", "다시", sep="\\n", flush=True)
for _ in range(2):
    time.sleep(0.2)
    print("late 한 줄", flush=True)
server.serve_forever()
"""
PIECES = """
import pathlib, time

print("half", end=" ")
while not pathlib.Path("go").exists():
    time.sleep(0.01)
print("a line")
time.sleep(60)
"""
FAILS = """
import json

def app(environ, start_response):
    return broken()

def broken():
    return json.loads("nonsense")
"""
TRACEBACK = """\
[error] a line of the server
Traceback (most recent call last):
  File "/elsewhere/site-packages/gunicorn/sync.py", line 136, in handle
    self.handle_request(listener, req, client, addr)
    ~~~~~~~~~~~~~~~~~~~^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  File "/bench/hello.py", line 3, in app
    return broken()
           ^^^^^^^^
  File "/elsewhere/json/__init__.py", line 346, in loads
    return _default_decoder.decode(s)
ValueError: it is
  indented
The file /bench/hello.py was read.
"""


def test_foreign_frames_and_marks_are_left_out():
    assert fold(TRACEBACK, Path("/bench")).splitlines() == [
        "[error] a line of the server",
        "Traceback (most recent call last):",
        '  File "hello.py", line 3, in app',
        "    return broken()",
        "ValueError: it is",
        "  indented",
        "The file hello.py was read.",
    ]


def test_a_traceback_on_a_server(shared):
    (shared.folder / "fails.py").write_text(FAILS)
    server = shared.run("gunicorn fails:app")
    assert httpx.get(server.url).status_code == 500
    server.log("JSONDecodeError")
    files = re.findall(r'File "(.*?)"', server.log())
    assert files == ["fails.py", "fails.py"]
    full = re.findall(r'File "(.*?)"', server.log(full=True))
    assert len(full) > 4
    assert any("json" in file for file in full)


def test_waiting_for_lines(shared):
    (shared.folder / "speaks.py").write_text(SPEAKS)
    server = shared.run("python speaks.py")
    assert server.log("once") == "once"
    assert server.log("다시") == "다시"
    assert server.log("late", count=2, timeout=samples.HANGING).splitlines() == ["late 한 줄", "late 한 줄"]
    assert "once\n다시\n" in server.log()


@pytest.fixture
def half(shared, monkeypatch):
    """A program in the midst of a line; it writes the rest as soon as somebody waits."""
    (shared.folder / "pieces.py").write_text(PIECES)
    (shared.folder / "go").unlink(missing_ok=True)
    program = shared.run("python pieces.py", listens=False)
    assert until(lambda: program._log.read_text() == "half ", samples.HANGING)

    def sleep(seconds):
        (shared.folder / "go").touch()
        nap(seconds)

    nap = time.sleep
    monkeypatch.setattr("support.waiting.time.sleep", sleep)
    return program


@pytest.mark.parametrize("containing", ["", "half"])
def test_no_half_of_a_line_is_shown(half, containing):
    assert half.log(containing) == "half a line"


def test_no_half_of_a_line_is_cleared(half):
    half.clear()
    (half.folder / "go").touch()
    assert until(lambda: half._log.read_text() == "half a line\n", samples.HANGING)
    assert half.log() == ""


def test_a_line_without_an_end(half, monkeypatch):
    monkeypatch.setattr("support.waiting.time.sleep", lambda seconds: None)
    assert half.log("half", timeout=0) == "half "
    with pytest.raises(BenchError, match="has 1 lines with 'half', not 2"):
        half.log("half", count=2, timeout=0)
    monkeypatch.setattr("support.bench.server.UNENDED", 0)
    assert half.log() == "half "


def test_waiting_in_vain(shared):
    server = shared.run("python hello.py")
    httpx.get(server.url)
    server.log("GET")
    with pytest.raises(BenchError) as caught:
        server.log("GET", count=2, timeout=0.05)
    assert "has 1 lines with 'GET', not 2" in caught.value.en
    assert '"GET / HTTP/1.1" 200' in caught.value.evidence
    assert samples.HANGUL.search(caught.value.ko)


def test_the_last_lines_are_the_evidence(shared):
    (shared.folder / "wordy.py").write_text("for line in range(20):\n    print('line', line)\n")
    with pytest.raises(BenchError) as caught:
        shared.run("python wordy.py")
    assert caught.value.evidence.splitlines()[-2:] == ["line 18", "line 19"]
    assert len(caught.value.evidence.splitlines()) <= 10


def test_two_servers_have_two_logs(shared):
    first, second = (shared.run("python hello.py", name=name) for name in ("first", "second"))
    for one in (first, second):
        httpx.get(f"{one.url}/{one.port}")
    for one, other in ((first, second), (second, first)):
        assert one.log(f"/{one.port}")
        assert f"/{other.port} " not in one.log()


def test_bytes_that_are_no_text(shared):
    (shared.folder / "odd.py").write_text("import sys; sys.stdout.buffer.write(b'odd \\xff\\n')")
    with pytest.raises(BenchError) as caught:
        shared.run("python odd.py")
    assert "odd \ufffd" in caught.value.evidence


def test_a_log_is_shown_as_it_stands():
    assert repr(Log("a\n'b'")) == "a\n'b'"
    assert Log("a") == "a"


def test_of_a_long_log_the_end_is_shown_and_how_much_is_left_out():
    shown = repr(Log("\n".join(["x" * 5_000] + [f"line {number}" for number in range(1_000)] + ["y" * 5_000])))
    assert shown.startswith("… 602 lines above · 위에 602줄\nline 601\n")
    assert shown.endswith("y… (5,000)") and len(shown) < 10_000
    assert repr(Log("one\ntwo")) == "one\ntwo"
