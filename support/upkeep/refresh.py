"""make refresh: re-executes the notebooks and stores their outputs, changing only what really changed."""

import re
import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from traitlets.config import Config

from . import kernels

ROOT = Path(__file__).parents[2]
PATTERNS = re.findall(r"^regex: (.*)\nreplace: (.*)$", (ROOT / "tests" / "sanitize.cfg").read_text("utf-8"), re.M)


def notebooks() -> list[Path]:
    """Every notebook of the course, in the order of the course."""
    found = (ROOT / "notebooks").rglob("*.ipynb")
    return sorted(path for path in found if ".ipynb_checkpoints" not in path.parts)


def sanitized(value):
    """The value as nbval compares it: its strings with the sanitiser's patterns replaced."""
    if isinstance(value, str):
        for pattern, replacement in PATTERNS:
            value = re.sub(pattern, replacement, value)
        return value
    if isinstance(value, dict):
        return {key: sanitized(item) for key, item in value.items() if key not in ("execution_count", "traceback")}
    if isinstance(value, list):
        return [sanitized(item) for item in value]
    return value


def merged(outputs: list) -> list:
    """The outputs, with what one stream printed in several pieces as one: where it is cut depends on the moment."""
    whole = []
    for output in outputs:
        if whole and output.output_type == "stream" and whole[-1].get("name") == output.name:
            whole[-1].text += output.text
        else:
            whole.append(output)
    return whole


def client(notebook, folder: Path, **options) -> NotebookClient:
    """What executes the notebook in a kernel of its own, in that folder."""
    config = Config({"KernelManager": kernels.address()})
    resources = {"metadata": {"path": str(folder)}}
    return NotebookClient(notebook, config=config, timeout=kernels.SECONDS_A_CELL, resources=resources, **options)


def refresh(path: Path) -> list[str]:
    """Executes one notebook and writes it back; the ids of the cells whose outputs changed."""
    notebook = nbformat.read(path, as_version=4)
    before = {cell.id: cell.outputs for cell in notebook.cells if cell.cell_type == "code"}
    client(notebook, path.parent, record_timing=False).execute()
    changed = []
    for cell in notebook.cells:
        if cell.cell_type != "code":
            continue
        cell.outputs = merged(cell.outputs)
        if sanitized(cell.outputs) == sanitized(before[cell.id]):
            _keep(cell, before[cell.id])  # only a date, a port or a version differs: no new lines in git
        else:
            changed.append(cell.id)
    notebook.metadata.get("language_info", {}).pop("version", None)
    path.write_text(nbformat.writes(notebook) + "\n", encoding="utf-8")
    return changed


def _keep(cell, outputs: list) -> None:
    """Puts the stored outputs back, with the execution count that the cell has now."""
    cell.outputs = outputs
    for output in outputs:
        if "execution_count" in output:
            output.execution_count = cell.execution_count


if __name__ == "__main__":
    chosen = [Path(argument).resolve() for argument in sys.argv[1:]] or notebooks()
    for each in chosen:
        changes = refresh(each)
        print(each.name, "·", f"changed · 바뀜: {', '.join(changes)}" if changes else "as it was · 그대로", flush=True)
