"""A command line is read before it runs: what it means, what is refused, and what is moved to loopback."""

from pathlib import Path

import pytest
import samples

from support import BenchError
from support.bench import commands

REFUSED = {  # what would have a program listen elsewhere, or leave: a word of the error
    "gunicorn a:app -b 0.0.0.0:8000": "-b",
    "gunicorn a:app -b0.0.0.0:8000": "-b0.0.0.0:8000",
    "gunicorn a:app --bind=0.0.0.0": "--bind=0.0.0.0",
    "gunicorn a:app --bin 0.0.0.0:8000": "--bin",  # argparse takes it for --bind
    "gunicorn a:app --bind unix:a.sock --bind 0.0.0.0:8000": "--bind",
    "gunicorn a:app --bind fd://3": "--bind",
    "gunicorn a:app --daem": "--daem",
    "gunicorn a:app -D": "-D",
    "GUNICORN_CMD_ARGS='--bind 0.0.0.0:8000' gunicorn a:app": "--bind",
    "GUNICORN_CMD_ARGS='-D' gunicorn a:app": "-D",
    "python -m gunicorn a:app -b 0.0.0.0:8000": "-b",
    ".venv/bin/gunicorn a:app -b 0.0.0.0:8000": "-b",
    "uvicorn a:app --host 0.0.0.0": "--host",
    "uvicorn a:app --fd 3": "--fd",
    "UVICORN_HOST=0.0.0.0 uvicorn a:app": "UVICORN_HOST=0.0.0.0",
    "UVICORN_UDS=a.sock uvicorn a:app": "UVICORN_UDS=a.sock",
    "python -m uvicorn a:app --port 80": "--port",
    "python -u -m uvicorn a:app --port 80": "--port",
    "daphne a:app -b 0.0.0.0": "-b",
    "daphne a:app --fd 3": "--fd",
    "daphne a:app -e tcp:port=80:interface=0.0.0.0": "-e tcp:port=80:interface=0.0.0.0",
    "daphne a:app --endpoint=tcp:80": "--endpoint=tcp:80",
    "daphne a:app -e ssl:443:privateKey=k:certKey=c -e ssl:444:privateKey=k:certKey=c": "-e ssl:444",
    "hypercorn a:app -b 0.0.0.0:80": "-b",
    "hypercorn a:app --quic-bind 0.0.0.0:443": "--quic-bind",
    "hypercorn a:app --insecure-bind 0.0.0.0:80": "--insecure-bind",
    "flask --app a run -h 0.0.0.0": "-h",
    "flask --app a run --port=80": "--port=80",
    "FLASK_RUN_HOST=0.0.0.0 flask --app a run": "FLASK_RUN_HOST=0.0.0.0",
    "fastapi dev a.py --host 0.0.0.0": "--host",
    "python manage.py runserver 0.0.0.0:8000": "0.0.0.0:8000",
    "python manage.py runserver 80": "80",
    "./manage.py runserver [::]:80": "[::]:80",
    "python -m http.server 8000": "8000",
    "python -m http.server --bind 0.0.0.0": "--bind",
    "redis-server --bind 0.0.0.0": "--bind",
    "redis-server --port 1": "--port",
    "redis-server --daemonize yes": "--daemonize",
}
WORDS = {  # a command: what runs
    "gunicorn a:app": "gunicorn a:app --bind {address}",
    "FOO=1 BAR='a b' gunicorn a:app": "gunicorn a:app --bind {address}",
    "env FOO=1 gunicorn a:app": "gunicorn a:app --bind {address}",
    "gunicorn a:app --bind unix:a.sock": "gunicorn a:app --bind unix:a.sock",
    "gunicorn a:app --bind {address}": "gunicorn a:app --bind {address}",
    "uvicorn a:app --uds a.sock": "uvicorn a:app --uds a.sock",
    "uvicorn a:app --http h11": "uvicorn a:app --http h11 --host {host} --port {port}",
    "python -m uvicorn a:app": "python -m uvicorn a:app --host {host} --port {port}",
    "daphne -u a.sock a:app": "daphne -u a.sock a:app",
    "daphne -e unix:a.sock:mode=660 a:app": "daphne -e unix:a.sock:mode=660 a:app",
    "daphne -e ssl:443:privateKey=k.pem:certKey=c.pem a:app": (
        "daphne -e ssl:{port}:privateKey=k.pem:certKey=c.pem:interface={host} a:app"
    ),
    "daphne --endpoint=ssl:port=443:interface=0.0.0.0:privateKey=k a:app": (
        "daphne --endpoint=ssl:{port}:privateKey=k:interface={host} a:app"
    ),
    "hypercorn a:app -b unix:a.sock": "hypercorn a:app -b unix:a.sock",
    "hypercorn a:app": "hypercorn a:app --bind {address}",
    "flask --app a run": "flask --app a run --host {host} --port {port}",
    "fastapi dev a.py": "fastapi dev a.py --host {host} --port {port}",
    "python manage.py runserver -v 3 --noreload": "python manage.py runserver -v 3 --noreload {address}",
    "python -m http.server -d docs": "python -m http.server -d docs {port} --bind {host}",
    "redis-server": "redis-server --bind {host} --port {port} --save '' --appendonly no",
    "redis-server --appendonly yes": "redis-server --appendonly yes --bind {host} --port {port} --save ''",
    "python a.py": "python a.py {port}",
    "python a.py --port {port}": "python a.py --port {port}",
    "python3 a.py": "python3 a.py {port}",
    "sh a.sh {port}": "sh a.sh {port}",
}
UNIX = {
    "gunicorn a:app --bind unix:run/a.sock": "run/a.sock",
    "GUNICORN_CMD_ARGS='-b unix:a.sock' gunicorn a:app": "a.sock",
    "uvicorn a:app --uds=a.sock": "a.sock",
    "daphne --unix-socket a.sock a:app": "a.sock",
    "daphne -e unix:address=a.sock a:app": "a.sock",
    "hypercorn a:app --bind unix:a.sock": "a.sock",
    "gunicorn a:app": None,
}
TLS = {
    "gunicorn a:app --certfile c --keyfile k": True,
    "uvicorn a:app --ssl-certfile=c --ssl-keyfile k": True,
    "daphne -e ssl:443:privateKey=k:certKey=c a:app": True,
    "hypercorn a:app --certfile c --keyfile k": True,
    "flask --app a run --cert c --key k": True,
    "gunicorn a:app --ca-certs c": False,
    "uvicorn a:app": False,
}
SETTINGS = {  # files, a command: the unix socket, TLS, and what is told
    (("gunicorn.conf.py", "bind = '0.0.0.0:80'"), "gunicorn a:app"): (
        None,
        False,
        ["gunicorn.conf.py: bind = 0.0.0.0:80 → {address}"],
    ),
    (("c.py", "bind = ['0.0.0.0:80', '[::]:80']"), "gunicorn a:app -c c.py"): (
        None,
        False,
        ["c.py: bind = 0.0.0.0:80, [::]:80 → {address}"],
    ),
    (("conf/c.py", "bind = '0.0.0.0:80'"), "gunicorn a:app -c python:conf.c"): (
        None,
        False,
        ["python:conf.c: bind = 0.0.0.0:80 → {address}"],
    ),
    (("gunicorn.conf.py", "bind = 'unix:a.sock'"), "gunicorn a:app"): ("a.sock", False, []),
    (("gunicorn.conf.py", "bind = '0.0.0.0:80'"), "gunicorn a:app -b unix:b.sock"): ("b.sock", False, []),
    (("gunicorn.conf.py", "certfile = 'c'; keyfile = 'k'; workers = 1 + 1"), "gunicorn a:app"): (None, True, []),
    (("gunicorn.conf.py", "bind = os.environ['BIND']"), "gunicorn a:app"): (None, False, []),
    (("gunicorn.conf.py", "bind = "), "gunicorn a:app"): (None, False, []),
    (("h.toml", "bind = ['0.0.0.0:80']"), "hypercorn a:app -c h.toml"): (
        None,
        False,
        ["h.toml: bind = 0.0.0.0:80 → {address}"],
    ),
    (("h.toml", "certfile = 'c'\nkeyfile = 'k'"), "hypercorn a:app --config h.toml"): (None, True, []),
    (("h.py", "bind = 'unix:a.sock'"), "hypercorn a:app -c file:h.py"): ("a.sock", False, []),
    (("h.toml", "bind = '"), "hypercorn a:app -c h.toml"): (None, False, []),
}


@pytest.fixture(autouse=True)
def every_program_is_here(monkeypatch):
    monkeypatch.setattr(commands.programs, "require", lambda name: name)


def words(command) -> str:
    """The words as one would type them, spots included."""
    return " ".join(word or "''" for word in command.words)


@pytest.mark.parametrize("text", REFUSED)
def test_what_would_listen_elsewhere_is_refused(text, tmp_path):
    with pytest.raises(BenchError, match=r"^Leave ") as caught:
        commands.read(text, tmp_path)
    assert f"Leave {REFUSED[text]}" in caught.value.en
    assert samples.HANGUL.search(caught.value.ko)
    assert REFUSED[text] in caught.value.ko


@pytest.mark.parametrize("text", WORDS)
def test_what_runs(text, tmp_path):
    assert words(commands.read(text, tmp_path)) == WORDS[text]


@pytest.mark.parametrize("text", UNIX)
def test_the_unix_socket_that_a_command_names(text, tmp_path):
    assert commands.read(text, tmp_path).unix == (Path(UNIX[text]) if UNIX[text] else None)


@pytest.mark.parametrize("text", TLS)
def test_whether_a_server_speaks_tls(text, tmp_path):
    assert commands.read(text, tmp_path).tls is TLS[text]


@pytest.mark.parametrize(("file", "text"), SETTINGS, ids=str)
def test_what_a_configuration_file_says(file, text, tmp_path):
    path = tmp_path / file[0]
    path.parent.mkdir(exist_ok=True)
    path.write_text(file[1])
    command = commands.read(text, tmp_path)
    unix, tls, told = SETTINGS[(file, text)]
    assert (command.unix, command.tls, command.told) == (Path(unix) if unix else None, tls, told)
    assert ("{address}" in command.words) is (unix is None)


@pytest.mark.parametrize(
    ("file", "text", "word"),
    [
        (("gunicorn.conf.py", "daemon = True"), "gunicorn a:app", "daemon in gunicorn.conf.py"),
        (("h.toml", "quic_bind = '0.0.0.0:443'"), "hypercorn a:app -c h.toml", "quic_bind in h.toml"),
        (("h.toml", "insecure_bind = '0.0.0.0:80'"), "hypercorn a:app -c h.toml", "insecure_bind in h.toml"),
    ],
    ids=str,
)
def test_what_a_configuration_file_must_not_say(file, text, word, tmp_path):
    (tmp_path / file[0]).write_text(file[1])
    with pytest.raises(BenchError, match=f"Leave {word} out") as caught:
        commands.read(text, tmp_path)
    assert samples.HANGUL.search(caught.value.ko)


@pytest.mark.parametrize("env", ["", "env "])
def test_variables_before_a_command(env, tmp_path):
    command = commands.read(f"{env}FOO=1 BAR='a b' WEB_CONCURRENCY=2 gunicorn a:app", tmp_path)
    assert command.environment == {"FOO": "1", "BAR": "a b", "WEB_CONCURRENCY": "2"}
    assert command.words[0] == "gunicorn"


@pytest.mark.parametrize("text", ["celery -A tasks worker", "flask --app a routes", "true"])
def test_a_program_that_is_not_known_to_listen(text, tmp_path):
    with pytest.raises(BenchError, match="say listens=False") as caught:
        commands.read(text, tmp_path)
    assert "{port}" in caught.value.en
    assert "listens=False" in caught.value.ko
    assert commands.read(text, tmp_path, listens=False).words == text.split()


def test_a_script_that_listens_nowhere_gets_no_port(tmp_path):
    assert commands.read("python a.py", tmp_path, listens=False).words == ["python", "a.py"]


def test_a_program_that_listens_nowhere_must_not_leave_either(tmp_path):
    with pytest.raises(BenchError, match="Leave -D out"):
        commands.read("gunicorn a:app -D", tmp_path, listens=False)
