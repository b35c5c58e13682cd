"""Corrupted outputs. As a pytest plugin (`-p mutants`) it puts corruptions to nbval's own comparison.

After nbval has found a cell's fresh outputs equal to the stored ones, the plugin hands it the stored ones
again, corrupted in one place; nbval must call them different. A corruption that the sanitiser takes back
(another digit in a port) is no corruption.
"""

import copy
import json
import os
import re
from pathlib import Path

KINDS = ("character", "syllable", "number", "line")
PLACES = 25  # the most places in one text at which each kind of corruption is tried


def edits(text: str, kind: str) -> list[str]:
    """The text, corrupted in one way at up to PLACES places; none where the kind does not apply."""
    if kind == "line":
        lines = text.splitlines(keepends=True)
        return ["".join(lines[:n] + lines[n + 1 :]) for n in spread(range(len(lines))) if lines[n].strip()]
    wanted = {"character": r"[A-Za-z]", "syllable": r"[가-힣]", "number": r"\d"}[kind]
    places = [match.start() for match in re.finditer(wanted, text)]
    return [text[:at] + other(text[at]) + text[at + 1 :] for at in spread(places)]


def other(character: str) -> str:
    """Another character of the same sort."""
    if character.isdigit():
        return str((int(character) + 1) % 10)
    if "가" <= character <= "힣":
        return "각" if character != "각" else "간"
    return chr(ord(character) ^ 1) if chr(ord(character) ^ 1).isalpha() else "q"


def spread(places) -> list:
    """At most PLACES of the places, evenly spread, the first and the last among them."""
    places = list(places)
    if len(places) <= PLACES:
        return places
    return [places[number * (len(places) - 1) // (PLACES - 1)] for number in range(PLACES)]


def texts(outputs) -> list[tuple[dict, str]]:
    """Where each text of some outputs lives: (the dictionary, its key)."""
    found = []
    for output in outputs:
        if output["output_type"] == "stream":
            found.append((output, "text"))
        elif output["output_type"] == "error":
            found.append((output, "evalue"))
        else:
            found += [(output["data"], kind) for kind, text in output["data"].items() if isinstance(text, str)]
    return found


def corrupt(outputs, kind: str) -> bool:
    """Corrupts the outputs in place, where they last can be; False where they cannot be in this way."""
    from support.upkeep.refresh import sanitized

    for home, key in reversed(texts(outputs)):
        for edited in reversed(edits(home[key], kind)):
            if sanitized(edited) != sanitized(home[key]):
                home[key] = edited
                return True
    return False


def environment(report: Path, blind: bool = False) -> dict[str, str]:
    """The environment for an nbval run with this plugin; `blind` tests the plugin itself."""
    path = os.pathsep.join([str(Path(__file__).parent), str(Path(__file__).parent.parent)])
    return os.environ | {"PYTHONPATH": path, "MUTANTS": str(report), "MUTANTS_BLIND": "1" if blind else ""}


def pytest_configure(config) -> None:
    """Wraps nbval's comparison, where a report is asked for."""
    if "MUTANTS" not in os.environ:
        return
    from nbval.plugin import IPyNbCell

    compare, found = IPyNbCell.compare_outputs, {"tried": 0, "killed": 0, "survivors": []}
    config.mutants = found

    def compare_with_mutants(cell, test, ref, skip_compare=None):
        equal = compare(cell, test, ref, skip_compare)
        if equal:
            trace = cell.comparison_traceback
            for kind, mutant in every_mutant(ref, cell.sanitize):
                found["tried"] += 1
                if os.environ["MUTANTS_BLIND"] or compare(cell, test, mutant, skip_compare):
                    found["survivors"].append([cell.name, kind])
                else:
                    found["killed"] += 1
            cell.comparison_traceback = trace
        return equal

    IPyNbCell.compare_outputs = compare_with_mutants


def every_mutant(outputs, sanitize):
    """(kind, corrupted copy) for each text of the outputs, each kind and place the sanitiser lets through."""
    for number, (home, key) in enumerate(texts(outputs)):
        for kind in KINDS:
            for edited in edits(home[key], kind):
                if sanitize(edited) != sanitize(home[key]):
                    mutant = copy.deepcopy(outputs)
                    target, name = texts(mutant)[number]
                    target[name] = edited
                    yield kind, mutant


def pytest_unconfigure(config) -> None:
    """Writes the report."""
    if hasattr(config, "mutants"):
        Path(os.environ["MUTANTS"]).write_text(json.dumps(config.mutants), encoding="utf-8")
