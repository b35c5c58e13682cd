"""The gate on the gates: whoever turns one red reads what to write, and where."""

import ast
from pathlib import Path

import pytest

GATES = sorted(Path(__file__).parent.glob("test_*.py"))
SHORTEST = 20  # characters of a sentence that helps


def words(message: ast.expr | None) -> str:
    """The words of an assertion's message that stand in the code."""
    constants = ast.walk(message) if message else ()
    return "".join(n.value for n in constants if isinstance(n, ast.Constant) and isinstance(n.value, str))


@pytest.mark.parametrize("path", GATES, ids=lambda path: path.stem)
def test_every_assertion_ends_in_a_sentence(path):
    asserts = [node for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.Assert)]
    silent = [node.lineno for node in asserts if len(words(node.msg)) < SHORTEST]
    assert not silent, f"tests/gates/{path.name}: say what to write, and where, in the asserts of lines {silent}"
