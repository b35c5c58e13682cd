"""Bad input: one clear error in both languages, and nothing left running."""

import pytest
import samples

import support
from support import BenchError
from support.app import target
from support.bench import programs, server
from support.errors import BenchError as Defined
from support.errors import Said, raised

FILES = {
    "five.py": "app = 5",
    "breaks.py": "1 / 0",
    "exits.py": "import sys; print('no, thanks'); sys.exit(3)",
    "deaf.py": "import time; print('I am here'); time.sleep(60)",
    "crowd.py": "import subprocess, sys; subprocess.run([sys.executable, 'deaf.py'])",
    "unreadable.py": "def app(:",
    "imports.py": "import nope",
    "loud.py": "print('connection in use; address already in use')\n1 / 0",
}
FOLDERS = {  # Django's way: a package, with the settings named by a string
    "mysite/__init__.py": "",
    "mysite/asgi.py": "import os, nope\nos.environ['DJANGO_SETTINGS_MODULE'] = 'mysite.settings'",
}
FAULTS = {  # the command, and what its error must say
    "no-such-program {port}": ["There is no program called no-such-program", "spelling"],
    "gunicron hello:app": ["There is no program called gunicron", "Did you mean gunicorn?"],
    "uvicron hello:asgi": ["Did you mean uvicorn?"],
    "ngnix": ["Did you mean nginx?"],
    "daphne mysite.asgi:app": ["daphne ended at once", "No module named 'nope'"],
    "gunicorn mysite.wsgi:app": ["There is no mysite/wsgi.py on the bench", "%%writefile mysite/wsgi.py"],
    "daphne yoursite.asgi:app": ["There is no yoursite/asgi.py on the bench"],
    "uvicorn yoursite.asgi:app": ["There is no yoursite/asgi.py on the bench"],
    "gunicorn loud:app": ["gunicorn ended at once", "ZeroDivisionError"],
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
    "uvicorn five:app": ["five:app is not an application: it is of type int"],
    "daphne five:app": ["five:app is not an application: it is of type int"],
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
    for name, source in (FILES | FOLDERS).items():
        (shared.folder / name).parent.mkdir(exist_ok=True)
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
    with pytest.raises(BenchError, match=f"{port} is not a port") as caught:
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


SAYS_SO = {  # how each program says that its port 8000 is somebody else's, and whether it has ended by then
    "gunicorn": ("[2026-11-27 22:27:09 +0000] [1] [ERROR] Connection in use: ('127.0.0.1', 8000)", False),
    "uvicorn": (
        "ERROR:    [Errno 98] error while attempting to bind on address ('127.0.0.1', 8000): address already in use",
        False,
    ),
    "uvicorn --workers 2": ("ERROR:    [Errno 98] Address already in use", False),
    "daphne": (
        "CRITICAL Listen failure: Couldn't listen on 127.0.0.1:8000: [Errno 98] Address already in use.",
        False,
    ),
    "nginx": ("nginx: [emerg] bind() to 127.0.0.1:8000 failed (98: Address already in use)", False),
    "nginx on musl": ("2026/11/27 22:27:09 [emerg] 1#1: bind() to 127.0.0.1:8000 failed (98: Address in use)", False),
    "python": ("Traceback (most recent call last):\nOSError: [Errno 98] Address already in use", True),
}


@pytest.mark.parametrize("program", SAYS_SO)
def test_a_program_says_that_its_port_is_taken(program):
    words, ended = SAYS_SO[program]
    assert server.lost_port(program.split()[0], f"Starting\n{words}\n", 8000, ended)
    assert "8000" not in words or not server.lost_port(program.split()[0], words, 800, ended)


@pytest.mark.parametrize("program", ["gunicorn", "uvicorn", "daphne", "nginx", "python"])
@pytest.mark.parametrize(
    "words",
    ["connection in use", "Address already in use", "Connection in use: 8000", "OSError: Address already in use"],
)
def test_what_an_app_prints_is_no_proof(program, words):
    assert not server.lost_port(program, words, 8000, ended=False)
    assert program == "python" or not server.lost_port(program, words, 8000, ended=True)


def test_an_app_that_speaks_of_a_connection_in_use_is_served(shared):
    (shared.folder / "loud.py").write_text("print('connection in use: address already in use')\nfrom hello import app")
    web = shared.run("gunicorn loud:app")
    assert "connection in use" in web.log()
    web.stop()


def test_a_tap_on_what_is_no_server(shared):
    for wrong in (3, None, "gunicorn hello:app"):
        with pytest.raises(BenchError, match="is not a server") as caught:
            shared.tap(wrong)
        assert_both_languages(caught.value)


def test_an_object_in_a_package_is_loaded(shared):
    (shared.folder / "shop").mkdir()
    (shared.folder / "shop" / "__init__.py").write_text("app = 'the package'")
    (shared.folder / "shop" / "wsgi.py").write_text("app = 'the module'")
    assert (shared.load("shop:app"), shared.load("shop.wsgi:app")) == ("the package", "the module")
    with pytest.raises(BenchError, match=r"shop/wsgi\.py has no nope"):
        shared.load("shop.wsgi:nope")
    with pytest.raises(BenchError, match=r"There is no shop/asgi\.py"):
        shared.load("shop.asgi:app")


SHOP = {
    "hello.py": "import sys, texts\nfrom shop.prices import TEA",
    "texts.py": "",
    "shop/__init__.py": "",
    "shop/prices.py": "from . import taxes\nfrom .names import NAME",
    "shop/taxes.py": "import texts",
    "shop/names.py": "'shop.settings'",
    "shop/settings.py": "",
    "other.py": "'hello'",
    "broken.py": "def app(:",
}


@pytest.mark.parametrize(
    ("command", "files"),
    [
        ("gunicorn hello:app", "hello.py texts.py shop/__init__.py shop/prices.py shop/taxes.py shop/names.py "
         "shop/settings.py"),
        ("gunicorn other:app", "other.py"),
        ("uvicorn shop.names:app --port 80", "shop/names.py shop/settings.py"),
        ("daphne shop:app", "shop/__init__.py"),
        ("python other.py 8000", "other.py"),
        ("gunicorn broken:app", "broken.py"),
        ("gunicorn nope:app", ""),
        ("uvicorn other:app --reload", ""),
        ("nginx -p nginx/ -c nginx.conf -e stderr", ""),
    ],
)  # fmt: skip
def test_the_files_from_which_a_command_runs(tmp_path, command, files):
    for name, source in SHOP.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(source)
    found = target.sources(tmp_path, command.split())
    assert {path.relative_to(tmp_path).as_posix() for path in found} == set(files.split())


def test_a_file_that_was_written_again(shared):
    web = shared.run("python hello.py")
    assert web.stale() is None
    (shared.folder / "hello.py").write_text(samples.HELLO)  # the same
    assert web.stale() is None
    (shared.folder / "hello.py").write_text(samples.HELLO + "\n")
    said = web.stale()
    assert said.en.startswith("hello.py changed after") and samples.HANGUL.search(said.ko)
    assert said.evidence == f"$ python hello.py {web.port}"
    web = shared.run("python hello.py")
    assert web.stale() is None
    (shared.folder / "hello.py").unlink()
    assert web.stale() is None
    (shared.folder / "hello.py").write_text(samples.HELLO)
    web.stop()


def test_two_things_said_one_after_the_other():
    both = Said("One.", "하나.", "first") + Said("Two.", "둘.")
    assert both == Said("One. Two.", "하나. 둘.", "first")


def test_an_exception_keeps_its_own_words():
    assert raised(ValueError("bad header: ")) == "ValueError: bad header: "
    assert raised(ValueError()) == "ValueError"


def test_every_public_name_is_there_and_no_other():
    assert all(getattr(support, name) for name in support.__all__)
    assert support.BenchError is Defined
    with pytest.raises(AttributeError, match="nope"):
        support.nope  # noqa: B018


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda bench: bench.run(5), "bench.run\\(\\) takes text"),
        (lambda bench: bench.load(3), "bench.load\\(\\) takes text"),
        (lambda bench: bench.nginx(3), "bench.nginx\\(\\) takes text"),
        (lambda bench: bench.page(3), "int is not a server"),
        (lambda bench: bench.tap(3), "int is not a server"),
        (lambda bench: support.say(3, "GET / HTTP/1.1"), "int is neither a server nor a tap"),
        (lambda bench: support.say(bench.run("python hello.py"), 5), "say\\(\\) takes text"),
        (lambda bench: support.sequence(), "nothing to draw"),
    ],
)
def test_what_is_of_another_kind_gets_a_sentence(bench, call, said):
    with pytest.raises(BenchError, match=said) as caught:
        call(bench)
    assert samples.HANGUL.search(caught.value.ko)


def test_a_server_of_a_bench_that_was_cleared_says_so(bench):
    web = bench.run("python hello.py")
    support.Bench()
    for ask in (web.clear, lambda: support.say(web, "GET / HTTP/1.1")):
        with pytest.raises(BenchError, match=r"no longer runs|cleared"):
            ask()
