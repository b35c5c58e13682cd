"""The gate "strict", the other way round: the outputs stay, the world changes, and the lesson goes red.

A worker class is swapped, a header dropped from an app, a directive taken out of an nginx configuration: one
at a time, in a copy of the lesson, in every cell that has one, outside of the exercises.
"""

import os
import re

import course
import nbformat
import pytest
from test_anywhere import nginx_versions

# The bench prints each command: that another one stands there is not what turns a lesson red.
COMMANDS = r"""
[command]
regex: (?m)^\$ (gunicorn|uvicorn|daphne) .*$
replace: COMMAND
"""
# Where the other server does the same, so that only the command tells which one ran; each stays green for that.
ALIKE = {
    "wsgi_contract:watched-run": "the validator raises its complaint before either worker has sent anything",
    "wsgi_servers:slow-server": "either worker waits for a client that is slow",
    "wsgi_websocket:hijack-run": "either worker hands its socket to the app",
    "wsgi_websocket:switching-run": "either worker sends the head of a 101 and drops its body",
    "wsgi_websocket:flask-run": "flask-sock finds the socket of either worker",
    "practice_django_chat:two-run": "two processes are two, whichever server runs them",
    "wsgi_body:none-run": "either worker drops what may not be sent",
    "wsgi_body:pieces-run": "either worker writes a piece at once",
    "wsgi_body:cut-run": "either worker closes a connection on which an answer was cut short",
    "wsgi_body:talk-run": "either worker gives the app what has come of a body",
    "asgi_contract:later-run": "http.disconnect comes at once on either server",
    "asgi_contract:awaited": "either server has one event loop",
    "asgi_websockets:guard-table": "either server hands cookie and Origin to the app",
    "nginx_in_front:shop-run": "nginx sends both workers the same, and both read the same of it",
    "nginx_in_front:trust-run": "either worker trusts whoever connects to its unix socket",
    "nginx_websocket_and_sse:feed-run": "either worker writes a piece at once",
    "nginx_websocket_and_sse:quiet-run": "neither worker pings within the 3 s, and both take the handshake in HTTP/1.0",
    "nginx_one_or_two:run-halves": "the pages are the same on either worker",
    "nginx_one_or_two:health-room": "either server has the room",
    "nginx_one_or_two:claims-servers-shown": "to either WSGI worker a handshake is a GET",
}


def swapped(source: str) -> str | None:
    """The source with another server behind its first command; None without a command."""
    found = re.search(r'(?<!\[)"((?:gunicorn|uvicorn|daphne) (?:[^"]*\w:[\w{][^"]*|\{app\}[^"]*))"', source)
    if not found:
        return None
    command = found[1]
    if command.startswith("gunicorn"):
        plain = re.sub(r" (-k \S+|--threads \d+|--worker-class \S+)", "", command)
        threads, asgi = "gthread" in command or "--threads" in command, "-k asgi" in command
        other = plain if threads else f"{plain} -k uvicorn_worker.UvicornWorker" if asgi else f"{plain} -k gthread"
    else:
        program, _, rest = command.partition(" ")
        other = f"{'daphne' if program == 'uvicorn' else 'uvicorn'} {re.sub(r'--[^ ]+( [^- ]+)?|-[^ ]+', '', rest)}"
    return source.replace(f'"{command}"', f'"{other}"', 1)


def headerless(source: str) -> str | None:
    """The source with its first response header taken out; None where no file of an app has one."""
    if not source.startswith("%%writefile"):
        return None
    less, count = re.subn(r'\((b?)"[A-Za-z]+-[A-Za-z-]+", \1"[^"]*"\),? ?', "", source, count=1)
    return less if count else None


def undirected(source: str) -> str | None:
    """The source with its first proxy_set_header taken out; None without one."""
    if "proxy_set_header" not in source:
        return None
    return re.sub(r"^.*proxy_set_header[^;]*;.*\n?", "", source, count=1, flags=re.MULTILINE)


CHANGES = {"another worker": swapped, "a header less": headerless, "a directive less": undirected}


def worlds():
    """A parameter for each change: the notebook, the cell and its new source."""
    for path in course.LESSONS:
        cells = [
            cell for cell in course.code_cells(path) if not re.search(r"stub:|check:", " ".join(course.tags(cell)))
        ]
        for what, change in CHANGES.items():
            able = [(cell, new) for cell in cells if (new := change(cell.source)) not in (None, cell.source)]
            for cell, new in able:
                place = f"{course.lesson(path)}:{cell.id}"
                alike = ALIKE.get(place) if change is swapped else None
                marks = [pytest.mark.xfail(strict=True, raises=AssertionError, reason=alike)] if alike else []
                yield pytest.param(path, cell.id, new, id=f"{place}:{what}", marks=marks)


@pytest.mark.gate
@pytest.mark.parametrize(("path", "changed", "source"), list(worlds()))
def test_a_changed_world_turns_the_lesson_red(path, changed, source, tmp_path):
    notebook = course.read(path)
    for cell in notebook.cells:
        if cell.id == changed:
            cell.source = source
    copy = course.copied(path, tmp_path)
    nbformat.write(notebook, copy)
    with open(tmp_path / "tests" / "sanitize.cfg", "a", encoding="utf-8") as patterns:
        patterns.write(COMMANDS)
    environment = next(nginx_versions()).values[0]
    run = course.nbval(copy, "-x", env=os.environ | environment)  # the first red cell is enough
    if run.returncode not in (0, 1):
        pytest.fail(f"not a verdict but a crash: {run.stdout[-3000:]}{run.stderr[-3000:]}")
    assert course.failed(run), (
        f"{changed}: still green in a changed world. Show in an output what the change takes away:\n{source}"
    )


def test_there_is_a_world_to_change_for_every_lesson():
    assert {parameter.values[0] for parameter in worlds()} == set(course.LESSONS), (
        "a lesson has no worker, header or directive to change: add a change to CHANGES that it can turn red on"
    )
    assert {f"{place}:another worker" for place in ALIKE} <= {parameter.id for parameter in worlds()}, (
        "a cell of ALIKE is gone: take its line out"
    )
