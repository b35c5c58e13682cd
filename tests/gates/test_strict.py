"""The gate "strict": every cell was run, every output is compared, and a changed one turns the run red."""

import base64
import json
import re
from datetime import datetime
from email.utils import parsedate_to_datetime

import course
import mutants
import nbformat
import pytest

MOST_UNCOMPARED = 0.05
# Any other tag might be one that nbval obeys: nbval-skip, say, neither runs a cell nor compares it.
TAGS = {"claim", "check", "setup", "show", "solution", "stub", "raises-exception", "nbval-ignore-output"}
# nbval compares no image, no traceback (but the error's name and words), and not which stream a text came on.
COMPARED = {"text/plain", "text/html", "text/markdown"}
PRODUCTS = {"nginx", "gunicorn", "uvicorn", "daphne", "WSGIServer", "CPython", "Python", "python-httpx", "httpx", "h11"}
PRODUCTS |= {"websockets"}


@pytest.mark.parametrize("path", course.NOTEBOOKS, ids=course.name)
def test_every_cell_was_run(path):
    """nbval passes a cell that was never run, whatever it prints."""
    never = [cell.id for cell in course.code_cells(path) if cell.execution_count is None]
    assert not never, f"never run: {never}; `make refresh` runs them"


@pytest.mark.parametrize("path", course.NOTEBOOKS, ids=course.name)
def test_a_stored_error_is_expected(path):
    for cell in course.code_cells(path):
        errors = [output for output in cell.outputs if output.output_type == "error"]
        assert bool(errors) == ("raises-exception" in course.tags(cell)), (
            f"{cell.id}: it ends in {[e.ename for e in errors]}. Tag it raises-exception if that is meant, else mend it"
        )


@pytest.mark.parametrize("path", course.NOTEBOOKS, ids=course.name)
def test_no_stored_verdict_is_that_a_check_failed(path):
    """The check's own fault would be compared with itself, and pass."""
    shown = {cell.id: str(cell.outputs) for cell in course.code_cells(path)}
    failed = [name for name, outputs in shown.items() if "The check itself failed" in outputs]
    assert not failed, f"mend the checks of {failed}, then run `make refresh`"


@pytest.mark.parametrize("path", course.NOTEBOOKS, ids=course.name)
def test_nothing_keeps_a_cell_from_being_run_and_compared(path):
    for cell in course.code_cells(path):
        assert {tag.partition(":")[0] for tag in course.tags(cell)} <= TAGS, (
            f"{cell.id}: of {course.tags(cell)} only {sorted(TAGS)} may be used: nbval may obey another, take it out"
        )
        assert not re.search(r"#\s*(PYTEST_VALIDATE|NBVAL)_", cell.source), (
            f"{cell.id}: nbval obeys that comment, take it out"
        )
        kinds = [set(output.data) for output in cell.outputs if "data" in output]
        assert all(kind & COMPARED for kind in kinds), f"{cell.id}: nbval compares none of {kinds}: show text beside it"


def test_few_cells_are_not_compared_and_each_says_why():
    cells = [cell for path in course.NOTEBOOKS for cell in course.code_cells(path)]
    ignored = [cell for cell in cells if "nbval-ignore-output" in course.tags(cell)]
    assert all("# not compared:" in cell.source for cell in ignored), (
        f"write why, as a comment '# not compared: …' in each of {[cell.id for cell in ignored]}"
    )
    assert len(ignored) <= MOST_UNCOMPARED * len(cells), (
        f"{len(ignored)} of {len(cells)} cells are not compared: make their outputs stable, and take the tag out"
    )


def test_a_corrupted_output_fails_its_own_cell(tmp_path):
    """Through and through, with pytest --nbval itself: every output of one notebook, each in its own cell."""
    corrupt_and_run(course.NOTEBOOKS[0], tmp_path)


@pytest.mark.gate
@pytest.mark.parametrize("path", course.NOTEBOOKS, ids=course.name)
def test_every_corrupted_output_fails_its_own_cell(path, tmp_path):
    corrupt_and_run(path, tmp_path)


def corrupt_and_run(path, folder):
    """Corrupts the last output of every compared cell, in each way in turn, and demands that just those cells fail."""
    notebook = course.read(path)
    cells = [cell for cell in notebook.cells if cell.cell_type == "code" and cell.source.strip()]
    corrupted = set()
    for number, cell in enumerate(cells):
        first = number % len(mutants.KINDS)
        kinds = (*mutants.KINDS[first:], *mutants.KINDS[:first])  # the next one where a kind does not apply
        compared = "nbval-ignore-output" not in course.tags(cell)
        if compared and any(mutants.corrupt(cell.outputs, kind) for kind in kinds):
            corrupted.add(number)
    copy = course.copied(path, folder)
    nbformat.write(notebook, copy)
    run = course.nbval(copy)
    assert course.failed(run) == corrupted, (
        f"cells {sorted(course.failed(run) ^ corrupted)} should have failed and did not, or the reverse: "
        f"print nothing that the sanitiser hides\n{run.stdout[-3000:]}"
    )


@pytest.mark.gate
@pytest.mark.parametrize("path", course.NOTEBOOKS, ids=course.name)
def test_no_corruption_of_any_output_survives(path, tmp_path):
    """nbval's own comparison, put to each of many corruptions of every output during one run."""
    copy, report = course.copied(path, tmp_path), tmp_path / "report.json"
    run = course.nbval(copy, "-p", "mutants", env=mutants.environment(report))
    assert run.returncode == 0, (
        f"{course.name(path)}: it is not green to begin with, run `make refresh`\n{run.stdout[-3000:]}"
    )
    found = json.loads(report.read_text())
    print(f"{course.name(path)}: {found['killed']} of {found['tried']} corruptions found")
    assert found["tried"] > 100, (
        f"only {found['tried']} corruptions were tried: tests/mutants.py sees too little, mend it"
    )
    assert not found["survivors"], f"nobody would notice if these outputs were wrong: make them comparable {found}"


def test_the_report_of_survivors_is_not_blind(tmp_path):
    """A comparison that compares nothing leaves survivors."""
    copy, report = course.copied(course.NOTEBOOKS[0], tmp_path), tmp_path / "report.json"
    course.nbval(copy, "-p", "mutants", env=mutants.environment(report, blind=True))
    assert json.loads(report.read_text())["survivors"], "a blind comparison left no survivor: mend tests/mutants.py"


def patterns():
    """The sanitiser's patterns by name."""
    text = (course.ROOT / "tests" / "sanitize.cfg").read_text(encoding="utf-8")
    return dict(re.findall(r"^\[([\w-]+)\]\nregex: (.*)$", text, re.MULTILINE))


def hits(pattern):
    """Every stored text's match with the pattern, with the line around it."""
    for path in course.NOTEBOOKS:
        for _, _, text in course.stored(path):
            for line in text.splitlines():
                yield from ((match, line) for match in re.finditer(pattern, line))


IS_MEANT = {
    "port": lambda match, line: 1024 <= int(re.search(r"\d+$", match[0])[0]) <= 65535,
    "date": lambda match, line: is_date(match[0]),
    "websocket-key": lambda match, line: len(base64.b64decode(match[0])) == 16 and "sec-websocket-key" in line.lower(),
    "websocket-accept": lambda match, line: (
        len(base64.b64decode(match[0])) == 20 and "sec-websocket-accept" in line.lower()
    ),
    "product-version": lambda match, line: match[0].split("/")[0] in PRODUCTS,
}


def is_date(text):
    """Whether the text is a date in one of the three forms that servers write."""
    try:
        return parsedate_to_datetime(text)
    except ValueError:
        stamp = re.sub(r" \+0000$", "", text).replace(":", " ", 1) if text[11] == ":" else text
        return datetime.strptime(stamp, "%d/%b/%Y %H:%M:%S")


@pytest.mark.parametrize("name", patterns())
def test_each_pattern_of_the_sanitiser_is_needed_and_matches_nothing_else(name):
    found = list(hits(patterns()[name]))
    assert found, "no stored output needs this pattern: take it out"
    strays = [line for match, line in found if not IS_MEANT[name](match, line)]
    assert not strays, f"the pattern {name} hides what it is not for: make it narrower in tests/sanitize.cfg {strays}"


@pytest.mark.parametrize(
    "text",
    ["HTTP/1.1 200 OK", "HTTP/1.0", "127.0.0.1", "Content-Length: 12", "RFC 9112", "81 85 [mask]", "CLOSE 1000", "-w 2",
     "Sec-WebSocket-Version: 13", "(True, 200, 200)", "X-Forwarded-For: 203.0.113.9", "--threads 4"],
)  # fmt: skip
def test_the_sanitiser_leaves_everything_else_alone(text):
    hiding = [name for name, pattern in patterns().items() if re.search(pattern, text)]
    assert not hiding, f"{hiding} would hide {text!r}: make the pattern narrower in tests/sanitize.cfg"
