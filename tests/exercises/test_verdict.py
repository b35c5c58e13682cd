"""A check of an exercise gives a verdict, never a traceback."""

import json

import pytest
import samples

from support import BenchError
from support.errors import Said
from support.exercises import NotYet, Verdict, exercise, expect, failure, in_turn
from support.exercises.exchange import Exchange

RIGHT = Said("Right.", "맞습니다.")
WRONG = Said("Wrong.", "틀렸습니다.")


@exercise
def check(answer):
    """Calls the answer, which must return 42."""
    expect(answer() == 42, Said(f"It is {answer()}.", f"{answer()}입니다."), answer(), 42)
    return RIGHT


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
        (leaving, "SystemExit: early` (line", "raise SystemExit"),
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


def test_what_was_wanted_stands_over_what_came():
    assert repr(check(wrong)).splitlines()[2:] == ["  wanted · 기대", "    42", "  came · 실제", "    '<41>'", "    ^"]


def test_a_programs_words_are_quoted_once():
    verdict = check(on_the_bench)
    assert repr(verdict) == "✗ It broke.\n  고장입니다.\n  | its words"
    assert verdict._repr_html_().count("its words") == 1


def test_a_fault_of_the_check_is_not_the_learners():
    verdict = exercise(failure)(None)  # stumbles in the package, and no line of anybody else's is on the way
    assert "The check itself failed" in verdict.en and "확인 셀 자체" in verdict.ko


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("It is wrong.", "say it as Said"),
        (Said("It is wrong.", ""), "the Korean is missing"),
        (Said("It is wrong.", "It is wrong."), "the Korean is missing"),
        (Said(" ", "틀렸습니다."), "the English is missing"),
        (None, "say it as Said"),
    ],
)
def test_an_author_hears_of_a_language_that_is_missing(said, words):
    for condition in (True, False):  # also of what no answer has failed on yet
        with pytest.raises(TypeError, match=words):
            expect(condition, said)
    verdict = exercise(lambda: said)()
    assert words in verdict.en and not verdict


def test_the_line_that_raised_is_named():
    assert "return 1 / 0" in check(faulty).en


def test_the_first_thing_that_is_wrong_is_said():
    expect(True, RIGHT)
    with pytest.raises(NotYet, match="Wrong"):
        expect(False, WRONG)


def test_what_depends_on_another_cannot_be_told_yet():
    judged = []

    def judge(name):
        judged.append(name)
        expect(name != "two", WRONG)

    with pytest.raises(NotYet) as caught:
        in_turn(judge, ["one", "two", "three", "four"])
    assert judged == ["one", "two"]
    assert caught.value.waiting.en == "three, four: cannot check this until two passes."
    assert (
        repr(Verdict(False, WRONG, waiting=caught.value.waiting)).splitlines()[-1].startswith("  three, four: two부터")
    )


def test_nothing_waits_for_the_last():
    with pytest.raises(NotYet) as caught:
        in_turn(lambda name: expect(False, WRONG), ["only"])
    assert caught.value.waiting is None


def test_a_check_keeps_its_name():
    assert (check.__name__, check.__doc__) == ("check", "Calls the answer, which must return 42.")


def test_a_verdict_as_html():
    html = check(wrong)._repr_html_()
    assert html.startswith('<div class="bench verdict bad">')
    assert '<div lang="en"><span class="bad">✗</span> It is &lt;41&gt;.</div>' in html
    assert '<div lang="ko"><span class="bad">✗</span> &lt;41&gt;입니다.</div>' in html
    assert (
        '<pre tabindex="0"><code>wanted · 기대\n  42\ncame · 실제\n  &#x27;&lt;41&gt;&#x27;\n  ^</code></pre>' in html
    )
    assert "<details>" not in html
    assert 'class="bench verdict ok"' in Verdict(True, RIGHT)._repr_html_()


def test_the_exchange_is_folded_and_its_command_is_not():
    verdict = Verdict(False, WRONG, exchange=Exchange("<table></table>", "curl -i http://127.0.0.1:8000/"))
    html = verdict._repr_html_()
    assert html.endswith("<details><summary>What crossed · 주고받은 내용</summary><table></table></details></div>")
    assert '<pre class="command" tabindex="0"><code>$ curl -i http://127.0.0.1:8000/</code></pre>' in html
    assert repr(verdict) == "✗ Wrong.\n  틀렸습니다.\n  $ curl -i http://127.0.0.1:8000/"


@pytest.mark.parametrize("words", ["tea $5, coffee $6", r"ends with \(x\)", r"\r\n"])
def test_no_word_of_a_verdict_is_taken_for_mathematics(words):
    html = Verdict(False, Said(f"It is {words}.", f"{words}입니다."))._repr_html_()
    bare = [part.partition("</code>")[2] or part for part in html.split("<code>")]
    assert not any("$" in part or "\\" in part for part in bare)


def test_a_particle_is_no_code():
    html = Verdict(False, Said(r"It ends with \n.", r"줄 끝이 \n입니다."))._repr_html_()
    assert '<code><span class="esc">\\n</span></code>.' in html and "</span></code>입니다." in html


def test_what_stands_between_backticks_is_code():
    assert "It is <code>a &lt; b</code>." in Verdict(False, Said("It is `a < b`.", "틀렸습니다."))._repr_html_()


def test_interrupting_a_check_interrupts_it():
    def interrupted():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        check(interrupted)
