"""Exercise "four logs": what is wrong with four servers, told from their logs and from what a visitor got."""

import contextlib
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil

from ...errors import Said
from ...show import Table
from .. import drive, exercise, expect, faults
from ..drive import Answer, ask, judged, said
from .workers import complaints, held

APP = Path(__file__).with_name("exercise_report.py")
HALF_A_HEAD = b"GET /report HTTP/1.1\r\n"
PATIENCE = 60  # seconds for a visitor's answer; what comes after a timeout of gunicorn's comes late
WEDGED = 3  # seconds that a visitor waits where no answer ever comes
BEGINS = "the report begins"
LAST = {"app": "Error handling", "client": "Error handling", "kill": "SIGKILL"}  # what the log says last of a fault
CHOICES = ("app", "client", "kill", "max-requests", "reload")
PATIENT, THREADS = "gunicorn exercise_report:app", "gunicorn exercise_report:app --threads 2"
SYNC = f"{PATIENT} --timeout 2"  # its faults are timeouts; where somebody kills the worker, none may come before
# The command of each, its fault, how many clients stay half-open for it, and the hint.
CASES = {
    "A": (
        SYNC,
        "client",
        Said(
            "when its time was up the worker had no whole head and had not called the app; the next one began the "
            "report",
            "시간이 다 될 때까지 헤더가 다 오지 않아 앱을 호출하지 못했습니다. 보고서는 다음 워커가 시작했습니다",
        ),
    ),
    "B": (
        PATIENT,
        "kill",
        Said(
            "the master says which signal ended its worker, and there was no timeout before it",
            "워커를 끝낸 시그널을 마스터가 로그에 적었고, 그 앞에 타임아웃은 없습니다",
        ),
    ),
    "C": (
        THREADS,
        "client",
        Said(
            "the log is empty: no worker died, no report began, after a restart an answer would have come; both "
            "threads are held",
            "로그가 비어 있습니다. 죽은 워커도 없고 보고서는 시작하지도 않았습니다. 재시작이었다면 응답이 왔을 텐데, "
            "두 스레드가 모두 붙잡혀 있습니다",
        ),
    ),
    "D": (
        SYNC,
        "app",
        Said(
            "the worker had read a whole head, and called the app, before its time was up",
            "시간이 다 되기 전에 워커는 헤더를 다 읽고 앱을 호출했습니다",
        ),
    ),
}
HALF_OPEN = {SYNC: 1, THREADS: 2}


def four_logs(bench):
    """What a visitor of four broken servers got, and what each log says beside its start; a Table."""
    rows = []
    with drive.serving(bench, {APP.name: APP}, aloud=False) as serve, ThreadPoolExecutor() as visits:
        answers = {case: visits.submit(_visited, _served(serve, case), case, CASES[case][1]) for case in CASES}
        for case, visit in answers.items():
            answer, lines = visit.result()
            worker = "gthread" if CASES[case][0] is THREADS else "sync"
            rows += [(case, worker, answer.status, line) for line in lines or ["(nothing)"]]
    return Table(["case", "worker", "the visitor got", "the log says"], rows)


@exercise
def diagnosed(bench, diagnosis):
    """Takes away from each server what the learner named, and visits it again."""
    with drive.serving(bench, {APP.name: APP}, aloud=False) as serve:
        faults.judge(diagnosis, CASES, CHOICES, lambda case, chosen: _mended(serve, case, chosen))
    return Said(
        "With your four cures every visitor gets the report, and no log complains.",
        "진단대로 고치니 방문자가 모두 보고서를 받고, 로그에 오류가 없습니다.",
    )


def _mended(serve, case: str, chosen: str) -> None:
    """The server of the case, without what was named, must answer the visitor, and have nothing to complain of."""
    _, fault, hint = CASES[case]
    tap = _served(serve, case)
    with judged(tap):
        answer, lines = _visited(tap, case, "" if chosen == fault else fault)
        expect(
            answer.code == 200 and lines == [BEGINS],
            Said(
                f"{case}: {chosen} was put right, and the problem is still there. Hint: {hint.en}.",
                f"{case}: {chosen} 원인을 없애도 문제가 그대로입니다. 힌트: {hint.ko}.",
            ),
            ", ".join([answer.status, *lines]),
            f"200 OK, {BEGINS}",
        )


def _served(serve, case: str):
    """The server of the case behind a tap; its command says the case, as no two commands on a bench are the same."""
    return serve(f"CASE={case} {CASES[case][0]}")


def _visited(tap, case: str, fault: str) -> tuple[Answer, list[str]]:
    """The answer to a visitor who asks for a report while the server has this fault, or none; the log's new lines."""
    server, command = tap.upstream, CASES[case][0]
    wedged = fault == "client" and command is THREADS
    before = len(complaints(server, also=BEGINS))
    with contextlib.ExitStack() as stack:
        if fault == "client":
            for _ in range(HALF_OPEN[command]):
                stack.enter_context(server.connect()).sendall(HALF_A_HEAD)
            held(server, HALF_OPEN[command])
        path = _word(server, case, comes=fault not in ("app", "kill"))
        doomed = psutil.Process(server.process.pid).children() if fault == "kill" else []
        visitors = stack.enter_context(ThreadPoolExecutor())
        visitor = visitors.submit(ask, tap, f"GET /{path.name}", timeout=WEDGED if wedged else PATIENCE)
        if not wedged and said(tap, BEGINS, timeout=PATIENCE):
            for worker in doomed:
                worker.kill()
        answer = visitor.result()
        if fault and not wedged:
            said(tap, LAST[fault], timeout=PATIENCE)  # the log may be behind the answer
        return answer, complaints(server, also=BEGINS)[before:]


def _word(server, case: str, comes: bool) -> Path:
    """The file that the report is made from: a word that is there, or a named pipe into which nobody writes one."""
    path = Path(server.folder, f"report-{case}")
    path.unlink(missing_ok=True)
    if comes:
        path.write_text("go")
    else:
        os.mkfifo(path)
    return path
