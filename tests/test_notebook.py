"""What a kernel of ours says by itself: of files written again, of requests that failed, of names not there yet."""

import re

import nbformat
import pytest
import samples

from support.upkeep.refresh import client

CELLS = {  # in one kernel, one after the other
    "no bench": "%%writefile early.py\nx = 1",
    "setup": "import httpx\nfrom websockets.sync.client import connect\nfrom support import Bench\nbench = Bench()",
    "write": "%%writefile site/hello.py\nfrom site.texts import TEXT\n\ndef app(environ, start_response):\n"
    '    start_response("200 OK", [])\n    return [TEXT.encode()]',
    "package": "%%writefile mysite/__init__.py\nfrom .texts import TEXT",
    "texts": '%%writefile mysite/texts.py\nTEXT = "old"',
    "hello": "%%writefile hello.py\nfrom mysite import TEXT\n\ndef app(environ, start_response):\n"
    '    if environ["PATH_INFO"] == "/fail":\n        raise ValueError("spilled")\n'
    '    start_response("200 OK", [("Content-Length", str(len(TEXT)))])\n    return [TEXT.encode()]',
    "run": 'web = bench.run("gunicorn hello:app")\ntap = bench.tap(web)',
    "fresh": "print(httpx.get(web.url).text)",
    "rewrite": '%%writefile mysite/texts.py\nTEXT = "new"',
    "elsewhere": "1 + 1",
    "old answer": "print(httpx.get(web.url).text)",
    "old answer through a tap": "print(httpx.get(tap.url).text)",
    "old log": "web.log()\nNone",
    "old events": "web.events(timeout=0)",
    "old server": "web",
    "run again": 'web = bench.run("gunicorn hello:app")\ntap = bench.tap(web)',
    "new answer": "print(httpx.get(web.url).text)",
    "same words": '%%writefile mysite/texts.py\nTEXT = "new"',
    "not old": "print(httpx.get(web.url).text)",
    "no answer": "def ask():\n    return httpx.get(tap.url)\n\nweb.stop()\nask()",
    "refused": "httpx.get(web.url)",
    "refused socket": "connect(web.ws_url)",
    "raw": "import socket\nsocket.create_connection(('127.0.0.1', web.port))",
    "nobody": "httpx.get('http://127.0.0.1:9')",
    "rejected": 'web = bench.run("gunicorn hello:app")\nconnect(f"{web.ws_url}/chat")',
    "unix": 'web = bench.run("gunicorn hello:app --bind unix:web.sock")\n'
    "talk = httpx.Client(transport=httpx.HTTPTransport(uds='web.sock'))\nprint(talk.get('http://bench').text)",
    "rewrite once more": '%%writefile mysite/texts.py\nTEXT = "newer"',
    "old answer from a unix socket": "print(talk.get('http://bench').text)\ntalk.close()",
    "own fault": "{}['key']",
    "file": "open('nope.txt')",
    "syntax": "def f(:",
    "undefined": "check.by_hand(bench, ask_me)",
    "bench error": "bench.tap(3)",
    "magic": "%nosuchmagic",
}


@pytest.fixture(scope="module")
def outputs(tmp_path_factory):
    """The outputs of each cell, by its name."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in CELLS.values()])
    client(notebook, tmp_path_factory.mktemp("notebook"), allow_errors=True).execute()
    return dict(zip(CELLS, (cell.outputs for cell in notebook.cells), strict=True))


def printed(outputs) -> str:
    return "".join(output.text for output in outputs if output.output_type == "stream")


def error(outputs) -> tuple[str, str, str]:
    """The name, the value and the traceback (without colours) of the exception that a cell ended with."""
    (found,) = [output for output in outputs if output.output_type == "error"]
    return found.ename, found.evalue, re.sub(r"\x1b\[[\d;]*m", "", "\n".join(found.traceback))


def both_languages(text: str) -> bool:
    return bool(samples.HANGUL.search(text)) and bool(re.search("[a-z]{3}", text))


def test_a_file_before_its_bench_is_refused(outputs):
    assert "There is no bench yet" in error(outputs["no bench"])[1]


@pytest.mark.parametrize("cell", ["write", "package", "texts"])
def test_a_folder_is_made_for_a_file(outputs, cell):
    assert printed(outputs[cell]).startswith("Writing ")


def test_what_a_unix_socket_answers_may_be_old_too(outputs):
    assert printed(outputs["unix"]).endswith("new\n")
    assert "mysite/texts.py changed after" in printed(outputs["old answer from a unix socket"])


@pytest.mark.parametrize("cell", ["old answer", "old answer through a tap", "old log", "old events", "old server"])
def test_a_look_at_a_server_of_old_files_says_so(outputs, cell):
    said = printed(outputs[cell])
    assert said.count("mysite/texts.py changed after") == 1 and both_languages(said)
    assert "$ gunicorn hello:app --bind 127.0.0.1:" in said
    assert said.startswith("old\n") or "answer" not in cell


@pytest.mark.parametrize(
    "cell", ["run", "fresh", "rewrite", "elsewhere", "run again", "new answer", "same words", "not old"]
)
def test_nothing_is_said_of_a_server_that_runs_what_is_written(outputs, cell):
    assert "changed after" not in printed(outputs[cell])


@pytest.mark.parametrize(
    ("cell", "name", "value"),
    [
        ("refused", "ConnectError", "Connection refused"),
        ("refused socket", "ConnectionRefusedError", "Connection refused"),
        ("raw", "ConnectionRefusedError", "Connection refused"),
    ],
)
def test_a_refused_request_is_told_in_short(outputs, cell, name, value):
    ename, evalue, trace = error(outputs[cell])
    assert ename == name and evalue.endswith(value)
    assert trace.count("\n") < 20 and "site-packages" not in trace
    assert CELLS[cell].splitlines()[-1] in trace
    assert "gunicorn no longer runs (status 0): run the cell that starts it" in trace and both_languages(trace)


def test_the_learners_own_frames_are_all_there(outputs):
    *_, trace = error(outputs["no answer"])
    assert "ask()" in trace and "return httpx.get(tap.url" in trace and "site-packages" not in trace
    assert "gunicorn no longer runs" in trace


def test_a_rejected_handshake_tells_what_the_server_does(outputs):
    ename, evalue, trace = error(outputs["rejected"])
    assert (ename, evalue) == ("InvalidStatus", "server rejected WebSocket connection: HTTP 200")
    assert "gunicorn runs at http://127.0.0.1:" in trace and "Booting worker" in trace
    assert trace.count("\n") < 25


def test_where_nobody_listens(outputs):
    assert "Nothing on the bench listens at 127.0.0.1:9" in error(outputs["nobody"])[2]


@pytest.mark.parametrize(
    ("cell", "name", "words"),
    [
        ("own fault", "KeyError", "{}['key']"),
        ("file", "FileNotFoundError", "open('nope.txt')"),
        ("syntax", "SyntaxError", "def f(:"),
    ],
)
def test_other_exceptions_are_shown_as_ever(outputs, cell, name, words):
    ename, _, trace = error(outputs[cell])
    assert ename == name and words in trace and not samples.HANGUL.search(trace)
    assert printed(outputs[cell]) == ""


def test_a_name_that_is_not_there_yet(outputs):
    assert error(outputs["undefined"])[0] == "NameError"
    assert "Run All Above" in printed(outputs["undefined"]) and both_languages(printed(outputs["undefined"]))


def test_an_error_of_the_bench_has_no_traceback(outputs):
    *_, trace = error(outputs["bench error"])
    assert trace.startswith("BenchError: int is not a server") and both_languages(trace)


def test_a_magic_that_is_not_there(outputs):
    assert "nosuchmagic" in printed(outputs["magic"])
