"""The house (DESIGN.md): imports point one way, and what servers import costs them nothing."""

import ast
import subprocess
import sys
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import course

import support

SUPPORT = course.ROOT / "support"
# Each room and what it may import, besides itself.
GROUND = {"errors", "frames", "loopback", "show", "waiting"}
MAY_IMPORT = {
    "errors": set(),
    "frames": set(),
    "loopback": set(),
    "waiting": set(),
    "show": {"errors"},
    "outcomes": {"errors"},
    "wire": GROUND,
    "grids": GROUND | {"wire"},
    "peers": {"errors", "loopback"},
    "conformance": {"grids", "peers"},
    "app": GROUND,
    "bench": GROUND | {"wire", "app"},
    "order": GROUND | {"wire", "app"},
    "sequences": GROUND | {"wire", "app", "order"},
    "timelines": GROUND | {"wire", "app", "order", "sequences"},
    "machine": GROUND | {"bench"},
    "notebook": GROUND | {"app", "bench", "wire"},
    "exercises": GROUND | {"app", "bench", "peers", "sequences", "wire"},
    "upkeep": set(),
}
EMPTY = ("bench", "wire", "app", "upkeep")  # a server that imports record imports these too


def name(path: Path) -> str:
    """A module's dotted name inside support: bench.server."""
    words = path.relative_to(SUPPORT).with_suffix("").parts
    return ".".join(words[:-1] if words[-1] == "__init__" else words)


def imported(path: Path) -> set[str]:
    """The dotted names inside support of what a module imports, wherever in it the import stands."""
    parts = ["support", *path.relative_to(SUPPORT).with_suffix("").parts]
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = parts[: -node.level] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            found |= {f"{module}.{alias.name}" for alias in node.names} | {module}
    return {each.removeprefix("support.") for each in found if each.startswith("support.")}


# The front door brings everybody in, and a check's program runs inside a server, on the other side of it.
MODULES = {name(path): path for path in SUPPORT.rglob("*.py") if path != SUPPORT / "__init__.py"}


def test_imports_point_one_way():
    wrong = []
    for module, path in MODULES.items():
        room = module.partition(".")[0]
        assert room in MAY_IMPORT, f"support/{room} is no room of the house: put {module} into one, or add it here"
        rooms = {each.partition(".")[0] for each in imported(path)} & set(MAY_IMPORT)
        wrong += [f"{module} imports {other}" for other in sorted(rooms - MAY_IMPORT[room] - {room})]
    assert not wrong, f"imports point one way (DESIGN.md, 'The house'): move what is needed down: {wrong}"


def test_there_are_no_circles():
    graph = {module: imported(path) & set(MODULES) - {module} for module, path in MODULES.items()}
    try:
        list(TopologicalSorter(graph).static_order())
    except CycleError as error:
        raise AssertionError(f"a circle: move what both need into a module of its own: {error.args[1]}") from None


def test_no_module_hides_a_name_of_the_front_door():
    """`from support import outcome` would bring a module support/outcome.py once that has been imported."""
    hidden = set(support.__all__) & {path.stem for path in SUPPORT.iterdir()}
    assert not hidden, f"give these modules of support/ another name, they hide what the front door brings: {hidden}"


def test_what_servers_import_is_empty():
    for room in EMPTY:
        text = (SUPPORT / room / "__init__.py").read_text(encoding="utf-8")
        assert text == "", f"support/{room}/__init__.py must stay empty: record would bring it into every server"


def test_decoding_does_not_import_the_view():
    script = "import sys, support.wire.messages; print('support.show' in sys.modules)"
    said = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)
    assert said.stdout.strip() == "False", "support/wire/messages.py decodes and shows nothing: move the import up"
