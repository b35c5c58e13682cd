"""What the exercises share in which the learner names the fault of each case, from logs."""

from collections.abc import Callable, Iterable

from ..errors import Said
from . import expect, expect_dict, in_turn


def judge(diagnosis: object, cases: Iterable[str], choices: Iterable[str], mended: Callable[[str, str], None]) -> None:
    """Calls mended(case, choice) for each case in turn with what the learner named for it, however it was spelt.

    `diagnosis` is the learner's: a dict from cases to choices. What is none of them fails the check.
    """
    expect_dict(diagnosis, "diagnosis")
    spelt = {choice.lower(): choice for choice in choices}
    names = ", ".join(spelt.values())

    def judged(case: str) -> None:
        chosen = spelt.get(str(diagnosis.get(case)).strip().lower())
        expect(chosen, Said(f"{case}: choose one of {names}.", f"{case}: 다음 중 하나를 고르세요. {names}"))
        mended(case, chosen)

    in_turn(judged, cases)
