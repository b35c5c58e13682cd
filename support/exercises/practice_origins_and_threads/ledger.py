"""Exercise "a query that holds up nobody": two clients of the learner's consumer, each with a slow query."""

import os
from contextlib import ExitStack
from pathlib import Path

from ...errors import Said
from ...waiting import until
from ...wire.tap import Tap
from .. import exercise, expect, in_turn
from ..asleep import PATIENCE, at_rest, heard
from ..drive import judged, serving, written
from ..trouble import with_trouble
from ..websocket import connect

HERE = Path(__file__).parent
PROGRAMS = {name: HERE / name for name in ("exercise_ledger.py", "exercise_ledger_settings.py", "books.py")}
TOTALS = {"coffee": "7", "tea": "3"}  # in the order in which the queries are told to go on


@exercise
def ledger(bench):
    """While ann's query runs, bob's must begin, and each must get their own total."""
    written(bench, "ledger.py")

    def on(program: str) -> None:
        with serving(bench, PROGRAMS, aloud=False) as serve, ExitStack() as stack:
            tap = serve(f"{program} exercise_ledger:application")
            words = {account: stack.enter_context(_word(bench.folder / f"go-{account}")) for account in TOTALS}
            with judged(tap):
                _judge(tap, program, words, stack)

    in_turn(on, ("daphne", "uvicorn"))
    return Said(
        "Both queries ran at once, and each client got its own total, on daphne and on uvicorn.",
        "daphne에서도 uvicorn에서도 두 쿼리가 동시에 실행되었고, 각자 자기 합계를 받았습니다.",
    )


def _judge(tap: Tap, program: str, words: dict, stack: ExitStack) -> None:
    people = {account: stack.enter_context(connect(f"{tap.ws_url}/ws/", tap)) for account in TOTALS}
    for account in ("tea", "coffee"):
        people[account].send(account)
        begun = _begins(tap, account)
        first = account == "tea"
        message = Said(
            f"{program}: ann asked for the total of tea, and the query never began."
            if first
            else f"{program}: while the query for tea ran, bob asked for the total of coffee, and his query did not "
            "begin.",
            f"{program}: ann 클라이언트가 tea 합계를 요청했는데 쿼리가 시작되지 않았습니다."
            if first
            else f"{program}: tea 쿼리가 실행되는 동안 bob 클라이언트가 요청한 coffee 쿼리는 시작되지 않았습니다.",
        )
        expect(begun, message if begun else with_trouble([tap], message))
    for account, wanted in TOTALS.items():
        words[account].write(b"go on\n")
        words[account].flush()
        came = heard(people[account], tap)
        who = "bob" if account == "coffee" else "ann"
        message = Said(
            f"{program}: {who} asked for the total of {account}, the query ended, and what came was {came!r}.",
            f"{program}: {who} 클라이언트가 {account} 합계를 요청했고 쿼리는 끝났는데, 돌아온 것은 {came!r}입니다.",
        )
        expect(came == wanted, message if came == wanted else with_trouble([tap], message), came, wanted)


def _word(path: Path):
    """The named pipe, open for reading too: so neither side waits for the other to open it."""
    path.unlink(missing_ok=True)
    os.mkfifo(path)
    return os.fdopen(os.open(path, os.O_RDWR), "r+b", buffering=0)


def _begins(tap: Tap, account: str) -> bool:
    """True once the query has begun; False once the server sleeps without it."""
    line = f"the query for {account} begins"
    until(lambda: line in tap.upstream.log() or at_rest(tap), PATIENCE)
    return line in tap.upstream.log()
