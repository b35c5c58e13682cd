"""The gate "readable cells": every code cell can be read aloud (support/upkeep/readable.py says how it is judged)."""

import json

import course
import nbformat
import pytest

from support.upkeep import readable


@pytest.mark.parametrize("path", course.NOTEBOOKS, ids=course.name)
def test_every_cell_can_be_read_aloud(path):
    course.judge(path, readable.complaints(path))


OFFENCES = {
    "size": "\n".join(f"print({n})" for n in range(13)),
    "wide": f"print({'1' * 109})",
    "effect": "[print(page) for page in range(3)]\nprint()",
    "tuple": "print(1), print(2)",
    "name": "w = 1\nprint(w)",
    "tap": "wire = bench.tap(web)\nwire",
    "wire": "tap.wire",
    "program": "bench.run(\"python -c 'print(1)' {port}\")",
    "loop": 'bench.nginx("{% for page in pages %} location /{{ page }} { } {% endfor %}")',
    "end": "print(1)\npages = 2",
    "import": "import json\nprint(1)",
    "E701": "if True: print(1)",
    "format": "print( 1 )",
}
FILES = {
    "size": "%%writefile a.py\n" + "\n".join(f"print({n})" for n in range(21)),
    "function": "%%writefile a.py\ndef work():\n" + "\n".join(f"    print({n})" for n in range(13)),
    "format": "%%writefile a.py\nprint( 1 )",
    "F401": "%%writefile a.py\nimport json",
    "loop": "%%nginx\n{% for page in pages %}{% endfor %}",
}


@pytest.mark.parametrize(("rule", "source"), [*OFFENCES.items(), *FILES.items()])
def test_each_rule_finds_what_it_is_for(rule, source, tmp_path):
    path = tmp_path / "lesson.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source)]), path)
    found = readable.complaints(path)
    assert rule in {complaint.rule for complaint in found}, "the rule no longer finds it: mend readable.py"
    assert all(len(complaint.sentence) > 10 for complaint in found), "a complaint says what to write: give it words"


def test_formatting_keeps_the_outputs_and_mends_what_it_can(tmp_path):
    path = tmp_path / "lesson.ipynb"
    cells = [nbformat.v4.new_code_cell(source, execution_count=1) for source in ("print( 1 )", FILES["format"])]
    cells[0].outputs = [nbformat.v4.new_output("stream", text="1\n")]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    readable.format_cells(path)
    done = json.loads(path.read_text())["cells"]
    sources = ["".join(cell["source"]) for cell in done]
    assert sources == ["print(1)", "%%writefile a.py\nprint(1)"], "format_cells no longer formats: mend readable.py"
    assert done[0]["outputs"], "format_cells lost an output: mend readable.py"
