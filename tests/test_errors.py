"""Bad input: one clear error in both languages, and nothing left running."""

import pytest
import samples

import support
from support import BenchError
from support.app import target
from support.bench import programs
from support.errors import BenchError as Defined

FILES = {
    "five.py": "app = 5",
    "breaks.py": "1 / 0",
    "exits.py": "import sys; print('no, thanks'); sys.exit(3)",
    "deaf.py": "import time; print('I am here'); time.sleep(60)",
    "crowd.py": "import subprocess, sys; subprocess.run([sys.executable, 'deaf.py'])",
    "unreadable.py": "def app(:",
    "imports.py": "import nope",
}
FAULTS = {  # the command, and what its error must say
    "no-such-program {port}": ["There is no program called no-such-program", "spelling"],
    "gunicorn nope:app": ["There is no nope.py on the bench", "No module named 'nope'"],
    "uvicorn nope:asgi": ["There is no nope.py on the bench", 'Could not import module "nope"'],
    "daphne nope:asgi": ["There is no nope.py on the bench", "No module named 'nope'"],
    "gunicorn breaks:app --access-logformat '[%(p)s: (%(r)s'": ["gunicorn ended at once", "ZeroDivisionError"],
    "gunicorn imports:app": ["gunicorn ended at once", "No module named 'nope'"],
    "python nope.py": ["python ended at once", "nope.py"],
    "gunicorn hello:nope": ["gunicorn ended at once", "'nope'"],
    "uvicorn hello:nope": ["uvicorn ended at once", '"nope" not found'],
    "daphne hello:nope": ["daphne ended at once", "'nope'"],
    "gunicorn five:app": ["gunicorn ended at once", "Application object must be callable"],
    "uvicorn five:app": ["five:app is no application: it is a int"],
    "daphne five:app": ["five:app is no application: it is a int"],
    "gunicorn breaks:app": ["gunicorn ended at once", "ZeroDivisionError"],
    "uvicorn breaks:app": ["uvicorn ended at once", "ZeroDivisionError"],
    "uvicorn unreadable:app": ["uvicorn ended at once", "SyntaxError"],
    "python exits.py": ["ended at once, with status 3", "no, thanks"],
    "python crowd.py": ["nothing answers", "I am here"],
    "gunicorn hello:app -D": ["Leave -D out"],
    "gunicorn hello:app --daemon": ["Leave --daemon out"],
    "gunicorn hello:app --bind=127.0.0.1:80": ["Leave --bind=127.0.0.1:80 out"],
    "uvicorn hello:asgi --port 80": ["Leave --port out"],
    "daphne -p 80 hello:asgi": ["Leave -p out"],
    "true": ["how true is told its port", "{port}"],
    "": ["The command is empty"],
    "gunicorn 'hello:app": ["cannot be split into words", "quotes"],
}


def assert_both_languages(error: BenchError) -> None:
    """Both are there, and neither stands in the other's place."""
    assert samples.HANGUL.search(error.ko)
    assert not samples.HANGUL.search(error.en)
    assert f"{error.en}\n{error.ko}" in str(error)


@pytest.mark.parametrize("command", FAULTS)
def test_a_fault_says_what_happened_and_leaves_nothing(shared, familiar, command, capsys):
    for name, source in FILES.items():
        (shared.folder / name).write_text(source)
    with pytest.raises(BenchError) as caught:
        shared.run(command, timeout=3 if "nothing answers" in FAULTS[command] else samples.HANGING)
    for words in FAULTS[command]:
        assert words in str(caught.value)
    assert_both_languages(caught.value)
    assert str(shared.folder) not in str(caught.value)
    assert capsys.readouterr().out == ""
    assert samples.programs(shared) == []
    assert command not in shared.servers


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        ("app = 'x'", "str"),
        ("app = {}", "dict"),
        ("app = other = 5", "int"),
        ("app = 5\ndef app(): ...", None),
        ("app = 5\napp = make()", None),
        ("def app(): ...\napp = 5", "int"),
        ("from elsewhere import app", None),
        ("def app(:", None),
    ],
)
def test_only_what_plainly_cannot_be_called_is_refused(tmp_path, source, kind):
    (tmp_path / "one.py").write_text(source)
    assert target.constant(tmp_path, "one:app") == kind


@pytest.mark.parametrize("port", [0, -1, 65536])
def test_what_is_no_port(shared, port):
    with pytest.raises(BenchError, match=f"{port} is no port") as caught:
        shared.run("python hello.py", port=port)
    assert_both_languages(caught.value)


def test_a_missing_server_is_installed_where_the_kernel_looks(monkeypatch):
    monkeypatch.setattr(programs, "find", lambda name: None)
    with pytest.raises(BenchError, match="%pip install daphne") as caught:
        programs.require("daphne")
    assert_both_languages(caught.value)


def test_a_fault_does_not_stop_the_others(shared):
    web = shared.run("python hello.py")
    with pytest.raises(BenchError):
        shared.run("gunicorn nope:app")
    assert web.running
    assert list(shared.servers.values()) == [web]
    web.stop()


def test_a_tap_on_a_stopped_server(shared):
    server = shared.run("python hello.py")
    server.stop()
    with pytest.raises(BenchError, match="no longer runs") as caught:
        shared.tap(server)
    assert_both_languages(caught.value)
    assert shared.taps == []


@pytest.mark.parametrize(("target", "words"), [("nope:app", "no nope.py"), ("hello:nope", "hello.py has no nope")])
def test_loading_what_is_not_there(shared, target, words):
    with pytest.raises(BenchError, match=words) as caught:
        shared.load(target)
    assert_both_languages(caught.value)


def test_the_evidence_is_quoted_line_by_line():
    error = Defined("It broke.", "고장입니다.", "first\nsecond\n")
    assert str(error) == "It broke.\n고장입니다.\n  | first\n  | second"
    assert error._render_traceback_() == [f"BenchError: {error}"]


def test_every_public_name_is_there_and_no_other():
    assert all(getattr(support, name) for name in support.__all__)
    assert support.BenchError is Defined
    with pytest.raises(AttributeError, match="nope"):
        support.nope  # noqa: B018
