"""A check of an exercise gives a verdict, never a traceback."""

import json

import pytest
import samples

from support import BenchError
from support.exercises import NotYet, Verdict, _fault, exercise, expect


@exercise
def check(answer):
    """Calls the answer, which must return 42."""
    expect(answer() == 42, f"It is {answer()}.", f"{answer()}입니다.")
    return "Right.", "맞습니다."


def right():
    return 42


def wrong():
    return "<41>"


def faulty():
    return 1 / 0


def deep():
    return json.loads("nonsense")


def leaving():
    raise SystemExit("early")


def on_the_bench():
    raise BenchError("It broke.", "고장입니다.", "its words")


def test_right():
    verdict = check(right)
    assert verdict
    assert (verdict.passed, verdict.en, verdict.ko) == (True, "Right.", "맞습니다.")
    assert repr(verdict) == "✓ Right.\n  맞습니다."


@pytest.mark.parametrize(
    ("answer", "en", "ko"),
    [
        (wrong, "It is <41>.", "<41>입니다."),
        (faulty, "ZeroDivisionError: division by zero", "return 1 / 0"),
        (deep, "JSONDecodeError: ", "return json.loads"),
        (leaving, "SystemExit: early (line", "raise SystemExit"),
        (on_the_bench, "It broke.", "고장입니다."),
    ],
)
def test_not_right_yet(answer, en, ko):
    verdict = check(answer)
    assert not verdict
    assert en in verdict.en
    assert ko in verdict.ko
    assert samples.HANGUL.search(verdict.ko)
    assert not samples.HANGUL.search(verdict.en)
    assert repr(verdict).startswith("✗ ")


def test_a_programs_words_are_quoted_once():
    verdict = check(on_the_bench)
    assert repr(verdict) == "✗ It broke.\n  고장입니다.\n  | its words"
    assert verdict._repr_html_().count("its words") == 1


def test_a_fault_of_the_check_is_not_the_learners():
    verdict = exercise(_fault)(None)  # stumbles in the package, and no line of anybody else's is on the way
    assert "The check itself failed" in verdict.en and "확인 셀 자체" in verdict.ko


def test_the_line_that_raised_is_named():
    assert "return 1 / 0" in check(faulty).en


def test_the_first_thing_that_is_wrong_is_said():
    expect(True, "not this", "아닙니다")
    with pytest.raises(NotYet, match="this"):
        expect(False, "this", "이것")


def test_a_check_keeps_its_name():
    assert (check.__name__, check.__doc__) == ("check", "Calls the answer, which must return 42.")


def test_a_verdict_as_html():
    html = check(wrong)._repr_html_()
    assert '<div lang="en"><span class="bad">✗</span> It is &lt;41&gt;.</div>' in html
    assert '<div lang="ko"><span class="bad">✗</span> &lt;41&gt;입니다.</div>' in html
    assert 'class="ok"' in Verdict(True, "x", "y")._repr_html_()


def test_interrupting_a_check_interrupts_it():
    def interrupted():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        check(interrupted)
