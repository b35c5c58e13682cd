"""The %%nginx cell, and the hint for cells that are run out of order, in IPython's own shell and in a kernel."""

import os
from pathlib import Path

import httpx
import nbformat
import pytest
import samples

from support import Bench, BenchError, load_ipython_extension
from support.bench import programs
from support.upkeep.refresh import client

SITE = "location / { return 200 %s; }\n"
PASS = "location / { proxy_pass http://{{ web.address }}; }\n"
WHOLE = """
upstream apps { server {{ web.address }}; }
server {
    listen {{ listen }};
    location / { proxy_pass http://apps; }
}
"""
REFUSED = {
    "return 200 fine;\nproxy_passs http://x;\n": [
        "line 2",
        "2: proxy_passs http://x;",
        'unknown directive "proxy_passs"',
    ],
    "location / {\n  return 200 x\n}\n": ["line 3", "3: }", 'unexpected "}"'],
    "# {{ listen }}\n\nproxy_pass http://x;": ["line 3", '"proxy_pass" directive is not allowed here'],
    "{% for n in 'ab' %}\n# {{ n }}\n{% endfor %}\nbogus x;\n": ["as written to nginx/site.conf", "bogus x;"],
    "return 200 {{ nobody.address }};": ["'nobody' is undefined", "Run the cell that makes it first"],
    "return 200 {{ listen.nope }};": ["has no attribute 'nope'", "Look at the spelling"],
    "return 200 {{ listen;": ["is not written right"],
    "{% if %}": ["is not written right"],
    "server { listen 127.0.0.1:1; return 200 x;": ["unexpected end of file"],
}


@pytest.fixture
def shell(bench):
    """An IPython shell with the bench's extension; its names are those of the cells."""
    from IPython.core.interactiveshell import InteractiveShell
    from traitlets.config import Config

    made = InteractiveShell.instance(config=Config({"HistoryManager": {"enabled": False}}))
    load_ipython_extension(made)
    yield made
    InteractiveShell.clear_instance()


def run(shell, cell: str):
    """Runs a cell; its error is raised."""
    shell.run_cell(cell).raise_error()


def test_a_site_in_front_of_a_server(shell, bench, nginx):
    shell.user_ns["web"] = bench.run("python hello.py")
    for site in (PASS, WHOLE):
        run(shell, f"%%nginx\n{site}")
        assert httpx.get(shell.user_ns["nginx"].url).text == "hello"


def test_the_cell_names_its_server(shell, bench):
    run(shell, f"%%nginx\n{SITE % 'plain'}")
    run(shell, f"%%nginx front\n{SITE % 'front'}")
    named = {name: httpx.get(shell.user_ns[name].url).text for name in ("nginx", "front")}
    assert named == {"nginx": "plain", "front": "front"}
    assert (bench.folder / "front" / "site.conf").read_text() == SITE % "front"


def test_running_the_cell_again_replaces_its_server(shell, bench):
    for answer in ("first", "second"):
        run(shell, f"%%nginx\n{SITE % answer}")
    assert list(bench.servers) == ["nginx"]
    assert httpx.get(shell.user_ns["nginx"].url).text == "second"
    assert sum("master process" in command for command in samples.programs(bench)) == 1


@pytest.mark.parametrize("site", REFUSED)
def test_a_configuration_that_is_refused(bench, nginx, site):
    with pytest.raises(BenchError) as caught:
        bench.nginx(site)
    for words in REFUSED[site]:
        assert words in str(caught.value)
    assert samples.HANGUL.search(caught.value.ko)
    assert str(bench.folder) not in str(caught.value)
    assert samples.programs(bench) == []
    assert bench.servers == {}


def test_a_refused_cell_leaves_the_others_running(shell, bench):
    web = bench.run("python hello.py")
    run(shell, f"%%nginx\n{SITE % 'x'}")
    with pytest.raises(BenchError):
        run(shell, "%%nginx\nnonsense;")
    assert list(bench.servers.values()) == [web]
    assert not shell.user_ns["nginx"].running


@pytest.mark.parametrize("umask", [0o022, 0o077])
def test_files_on_the_bench_can_be_served(umask):
    """Even where root runs the bench, and nginx therefore reads as another user."""
    before = os.umask(umask)
    made = Bench()
    try:
        Path("page.html").write_text("a page")
        server = made.nginx("root {{ folder }};", {"folder": made.folder})
        assert httpx.get(f"{server.url}/page.html").text == "a page"
    finally:
        made.close()
        assert os.umask(before) == umask


def test_without_a_bench(shell, bench):
    bench.close()
    with pytest.raises(BenchError, match="no bench yet") as caught:
        run(shell, f"%%nginx\n{SITE % 'x'}")
    assert samples.HANGUL.search(caught.value.ko)


def test_a_file_is_not_written_before_there_is_a_bench(shell, bench, capsys):
    shell.run_cell("%%writefile here.py\npass")
    assert (bench.folder / "here.py").read_text(encoding="utf-8") == "pass\n"
    bench.close()
    assert "no bench yet" in str(shell.run_cell("%%writefile nowhere.py\npass").error_in_exec)
    assert not Path("nowhere.py").exists()


def test_without_nginx_the_command_that_installs_it(bench, monkeypatch):
    monkeypatch.setattr(programs, "find", lambda name: None)
    with pytest.raises(BenchError) as caught:
        bench.nginx(SITE % "x")
    for words in (caught.value.en, caught.value.ko):
        assert "sudo apt-get install nginx" in words


def test_an_error_of_the_bench_is_shown_without_a_traceback(shell, capsys):
    shell.run_cell("from support import Bench; Bench.current.run('')")
    assert capsys.readouterr().out.rstrip() == "BenchError: The command is empty.\n명령이 비어 있습니다."


def test_a_name_that_does_not_exist_yet(shell, capsys):
    error = shell.run_cell("web.url").error_in_exec
    shown = capsys.readouterr().out
    assert isinstance(error, NameError)
    assert "name 'web' is not defined" in shown
    assert "run the cells above first" in shown
    assert samples.HANGUL.search(shown)


@pytest.mark.parametrize("cell", ["1 / 0", "def f():\n    x += 1\nf()"])
def test_other_errors_get_no_hint(shell, capsys, cell):
    shell.run_cell(cell)
    assert "cells above" not in capsys.readouterr().out


def test_the_front_door_brings_the_cell_along(shell, bench):
    del shell.magics_manager.magics["cell"]["nginx"]
    shell.run_cell("from support import Bench")
    run(shell, f"%%nginx\n{SITE % 'x'}")
    assert shell.user_ns["nginx"].running


def test_in_a_real_kernel(tmp_path):
    cells = [
        "from support import Bench; bench = Bench()",
        "front",
        f"%%nginx front\n{SITE % 'kernel'}",
        "import httpx; print(httpx.get(front.url).text, front)",
        "bench.run('')",
    ]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in cells])
    client(notebook, tmp_path, allow_errors=True).execute()
    _, early, magic, answer, fault = (cell.outputs for cell in notebook.cells)
    assert [output.output_type for output in early] == ["error", "stream"]
    assert "run the cells above first" in early[1].text
    assert magic[0].text == "$ nginx -p . -c front/nginx.conf -e stderr\n"
    assert answer[0].text.startswith("kernel <nginx at http://127.0.0.1:")
    assert (fault[0].ename, fault[0].traceback) == (
        "BenchError",
        ["BenchError: The command is empty.\n명령이 비어 있습니다."],
    )
