"""A plugin for pytest: which proofs run, on how many cores, and how long they will take.

Under -n a notebook is one unit, because it is one kernel; a proof that shares nothing with its neighbours is one too;
of all else a file is. The longest units come first, so that no core is left with a long one at the end. How long each
takes is recorded in tests/costs.txt (`pytest … --record-costs`), and the estimate at the start comes from there.

With --share K/N, of the proofs that multiply with the notebooks every Nth runs, and everything else.
"""

import os
import subprocess
from collections import defaultdict
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
COSTS = ROOT / "tests" / "costs.txt"
# These tests share nothing with their neighbours in the file.
APART = (
    "tests/gates/test_anywhere.py",
    "tests/gates/test_clean.py",
    "tests/gates/test_exercises.py",
    "tests/gates/test_strict.py",
    "tests/gates/test_thirty.py",
    "tests/gates/test_world.py",
    "tests/upkeep/test_install.py::test_a_copy_that_cannot_be_written",
    "tests/upkeep/test_install.py::test_two_commands_on_a_fresh_copy",
)
WAITING = 2  # workers more than cores
QUICK = 0.5  # seconds: what takes less is not recorded, and is taken for
USUAL = 0.05
WORTH_SAYING = 60  # seconds


def pytest_addoption(parser):
    """--share and --record-costs."""
    parser.addoption(
        "--share",
        metavar="K/N",
        help="of the proofs that run once for each notebook the Kth of N shares; auto/N: the next with each commit",
    )
    parser.addoption("--record-costs", action="store_true", help=f"write into {COSTS.name} how long each proof took")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config, items):
    """Leaves out what belongs to another share; on a worker, puts the longest unit first."""
    if config.option.share:
        several = [item for item in items if "path" in getattr(getattr(item, "callspec", None), "params", ())]
        others = set(several) - set(of_the_share(config, several))
        config.hook.pytest_deselected(items=list(others))
        items[:] = [item for item in items if item not in others]
    if hasattr(config, "workerinput"):
        long = lengths(item.nodeid for item in items)
        items.sort(key=lambda item: -long[unit(item.nodeid)])


def of_the_share(config, things: list) -> list:
    """Those of the things that belong to the share that was asked for: all without one."""
    if not config.option.share:
        return things
    number, of = share(config.option.share)
    return things[number - 1 :: of]


def share(text: str) -> tuple[int, int]:
    """(K, N) of K/N. Of auto/N, K goes on with every commit, so that N commits in a row run everything."""
    number, _, of = text.partition("/")
    return (commits() % int(of) + 1 if number == "auto" else int(number)), int(of)


@cache
def commits() -> int:
    """How many commits lead to this one, merged branches not counted; of a clone that does not know, any number."""
    if _git("rev-parse", "--is-shallow-repository") == "true":
        return int(_git("rev-parse", "HEAD"), 16)
    return int(_git("rev-list", "--count", "--first-parent", "HEAD"))


def _git(*words: str) -> str:
    command = ["git", "-c", "safe.directory=*", *words]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()


def pytest_report_header(config):
    """Which share this is, and how to run it again."""
    if config.option.share:
        number, of = share(config.option.share)
        return f"share {number} of {of}: again with --share {number}/{of}"
    return None


def unit(nodeid: str) -> str:
    """What is run by one worker, in one go."""
    return nodeid if nodeid.startswith(APART) else nodeid.partition("::")[0]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """The scheduler that keeps units together, in the order in which the workers have collected them."""
    if config.option.dist != "loadfile":
        return None
    from xdist.scheduler import LoadScopeScheduling

    class Units(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return unit(nodeid)

    config.option.loadscopereorder = False
    return Units(config, log)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers():
    """As many workers as there are cores, and some more: most proofs wait for servers most of the time."""
    if "PYTEST_XDIST_AUTO_NUM_WORKERS" in os.environ:
        return None  # xdist reads it
    return (os.cpu_count() or 1) + WAITING


# -- how long ------------------------------------------------------------------------------------------------


def kind(nodeid: str) -> str:
    """What has one recorded cost: a test with all its parameters, or the cells of notebooks."""
    file, _, name = nodeid.partition("::")
    return "notebook cells" if file.endswith(".ipynb") else f"{file}::{name.partition('[')[0]}"


@cache
def costs() -> dict[str, float]:
    """The seconds that one test of each kind takes, as recorded."""
    if not COSTS.exists():
        return {}
    lines = (line.split(maxsplit=1) for line in COSTS.read_text(encoding="utf-8").splitlines())
    return {name: float(seconds) for seconds, name in lines}


def lengths(nodeids: Iterable[str]) -> dict[str, float]:
    """The seconds that each unit will take."""
    found = defaultdict(float)
    for nodeid in nodeids:
        found[unit(nodeid)] += costs().get(kind(nodeid), USUAL)
    return found


def estimate(nodeids: list[str], workers: int) -> str | None:
    """What to say at the start; None of a short run."""
    long = lengths(nodeids).values()
    seconds = max(sum(long) / workers, max(long, default=0))
    if seconds < WORTH_SAYING:
        return None
    return f"{len(nodeids)} proofs on {workers} worker(s): about {seconds / 60:.0f} minutes"


def _say(config, nodeids: list[str], workers: int) -> None:
    reporter, said = config.pluginmanager.get_plugin("terminalreporter"), estimate(nodeids, workers)
    if reporter and said:
        reporter.write_line(said)


def pytest_collection_finish(session):
    """Says how long it will take; under -n the workers collect, and this process says it."""
    if not hasattr(session.config, "workerinput") and not session.config.option.collectonly and session.items:
        _say(session.config, [item.nodeid for item in session.items], 1)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_node_collection_finished(node, ids):
    """The same, of what the first worker has collected."""
    if not hasattr(node.config, "said"):
        node.config.said = True
        _say(node.config, ids, len(node.config.getvalue("tx")))


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session, exitstatus):
    """A share with nothing in it is no failure."""
    if session.config.option.share and exitstatus == pytest.ExitCode.NO_TESTS_COLLECTED:
        session.exitstatus = pytest.ExitCode.OK


def pytest_terminal_summary(terminalreporter, config):
    """Records the costs, where that was asked for: the mean of each kind that ran."""
    if not config.option.record_costs:
        return
    seconds, tests = defaultdict(float), defaultdict(set)
    for report in (report for reports in terminalreporter.stats.values() for report in reports):
        if hasattr(report, "duration") and hasattr(report, "nodeid"):
            seconds[kind(report.nodeid)] += report.duration
            tests[kind(report.nodeid)].add(report.nodeid)
    found = {name: round(seconds[name] / len(tests[name]), 1) for name in tests}
    kept = {name: cost for name, cost in (costs() | found).items() if cost >= QUICK or name == "notebook cells"}
    COSTS.write_text("".join(f"{cost:6.1f} {name}\n" for name, cost in sorted(kept.items())), encoding="utf-8")
