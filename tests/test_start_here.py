"""What 0-start-here says without running it is true: the apps of one's own, what the bench adds, what wsgiref does."""

import os
import re
import subprocess
import sys
from contextlib import suppress

import course
import httpx
import pytest
import samples
from psutil import Process

from support import sequence

START = course.ROOT / "notebooks" / "0-start-here.ipynb"
EXAMPLE = "/srv/mysite"
SHELLS = ("PWD", "OLDPWD", "SHLVL", "_")
CALLED = {
    "own-flask": "app(environ, start_response)",
    "own-fastapi": "scope http GET /",
    "own-django": "app(environ, start_response)",
}
EMPTY_FIRST = """
import sys
from wsgiref.simple_server import make_server

from support import record


@record
def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    yield b""
    {then}


make_server("127.0.0.1", int(sys.argv[1]), app).serve_forever()
"""


def prose(name: str):
    """The prose cell of that name."""
    return next(cell for cell in course.prose_cells(START) if cell.id == name)


def blocks(name: str) -> tuple[str, str, str]:
    """The two blocks of a cell: the file's name, what stands in it, and the code that runs it."""
    file, code = course.fences(prose(name))
    head, _, text = file.partition("\n")
    return head.removeprefix("%%writefile "), text, code


@pytest.mark.parametrize("name", CALLED)
def test_the_text_of_each_framework_runs(name, bench, tmp_path):
    file, text, code = blocks(name)
    if name == "own-django":
        assert EXAMPLE in text, f"{name}: the folder of the example is no longer {EXAMPLE}"
        text = text.replace(EXAMPLE, str(tmp_path))
        command = [sys.executable, "-m", "django", "startproject", "mysite", str(tmp_path)]
        subprocess.run(command, check=True, timeout=samples.HANGING)
    (bench.folder / file).write_text(text, encoding="utf-8")
    *statements, drawing = code.splitlines()
    names = {"bench": bench, "httpx": httpx, "sequence": sequence}
    exec("\n".join(statements), names)
    drawn = repr(eval(drawing, names))
    assert CALLED[name] in drawn, f"{name}: the app's calls are not drawn:\n{drawn}"
    assert "200 OK" in drawn, f"{name}: the request failed:\n{drawn}"


def test_the_table_has_the_same_texts_and_commands():
    table = prose("own-app").source
    for name in CALLED:
        _, text, code = blocks(name)
        wrapped = next(line for line in text.splitlines() if "record(" in line)
        command = code.splitlines()[0].removeprefix('mine = bench.run("').removesuffix('")')
        assert f"| `{wrapped}` | `{command}` |" in table, f"own-app: write `{wrapped}` and `{command}` as in {name}"


def test_flask_starts_by_its_own_command_too(bench):
    file, text, _ = blocks("own-flask")
    (bench.folder / file).write_text(text, encoding="utf-8")
    web = bench.run("flask --app shop run")
    assert httpx.get(web.url).text == "Hello from Flask"
    assert web.events().names[0] == CALLED["own-flask"]


def test_what_the_bench_adds_unprinted_is_told(bench, monkeypatch):
    rows = re.findall(r"^\| `([A-Z_]+)(?:=(\S+))?` \|", prose("bench").source, re.MULTILINE)
    told = dict(rows)
    assert len(rows) == 2 * len(told), "bench: the two halves tell of different variables"
    for name in told:
        monkeypatch.delenv(name, raising=False)
    web = bench.run("gunicorn hello:app")
    given = Process(web.process.pid).environ()
    # Where the path of a virtual environment has a space, its programs are begun by a shell, which adds its own.
    added = {name: value for name, value in given.items() if os.environ.get(name) != value and name not in SHELLS}
    assert added.keys() == told.keys(), "bench: tell of the variables that the bench adds, and of no other"
    assert all(added[name] == value for name, value in told.items() if value), f"bench: the values are {added}"


@pytest.mark.parametrize(("then", "ends"), [('yield b"x"', "Data x"), ("raise ValueError", "FIN")])
def test_wsgiref_sends_the_status_with_an_empty_item_too(bench, then, ends):
    (bench.folder / "empty.py").write_text(EMPTY_FIRST.format(then=then), encoding="utf-8")
    web = bench.run("python empty.py")
    tap = bench.tap(web)
    with suppress(httpx.RemoteProtocolError):
        httpx.get(tap.url)
    assert b"200 OK" in tap.bytes("←"), "diagram-look: wsgiref waits for an item that is not empty now: say so"
    assert ends in repr(sequence(tap, web.events()))
