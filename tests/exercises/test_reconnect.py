"""What the check of reconnect asks of the waits, and that it ends whatever the learner's code catches."""

import contextlib
import socket

import pytest

from support.errors import Said
from support.exercises import NotYet
from support.exercises.asgi_websockets.reconnect import (
    CLIENTS,
    CROWD,
    Step,
    _judge_crowd,
    _judge_spread,
    _Life,
    _nobody,
)
from support.loopback import HOST

NOTHING = Said("", "없음")
DOWN = [Step("", "down", (0.0, 1.0), 1), Step("", "1000")]


def spread(waits):
    _judge_spread(waits, (0.0, 8.0), NOTHING, Said("the rule", "규칙"))


def test_nobody_listens_where_nobody_should():
    with _nobody() as port, socket.socket() as client:
        assert client.connect_ex((HOST, port)) != 0


def test_the_bounds_double_and_stop():
    assert [step.bounds[1] for step in CROWD[:-1]] == [1, 2, 4, 8, 16, 30, 30, 30]


def test_waits_on_both_sides_of_the_middle_are_right():
    spread([1.0, 7.0])


@pytest.mark.parametrize(
    ("waits", "words"),
    [([3.0, 3.0], "are all 3 s"), ([5.0, 7.0], "The lower half"), ([1.0, 3.0], "The upper half never comes. the rule")],
)
def test_waits_on_one_side_are_not(waits, words):
    with pytest.raises(NotYet, match=words):
        spread(waits)


def test_of_a_crowd_the_loss_is_named_and_the_waits_are_shown():
    fine = [
        [bound * (0.05 + 0.9 * client / CLIENTS) for _, bound in (step.bounds for step in CROWD[:-1])]
        for client in range(CLIENTS)
    ]
    _judge_crowd(fine)
    constant = [[wait if number < 4 else 1.0 for number, wait in enumerate(waits)] for waits in fine]
    with pytest.raises(NotYet, match="after loss 5 in a row") as wrong:
        _judge_crowd(constant)
    assert "loss 8" in wrong.value.exchange.html


def live(follow):
    with _nobody() as port:
        return _Life(None, port, DOWN).judged(follow)


def test_who_never_sleeps_is_stopped():
    def follow(connect, hear, sleep):
        while True:
            with contextlib.suppress(OSError):
                connect()

    with pytest.raises(NotYet, match="without sleep"):
        live(follow)


def test_who_catches_everything_is_stopped_too():
    def follow(connect, hear, sleep):
        while True:
            with contextlib.suppress(BaseException):
                connect()

    with _nobody() as port:
        life = _Life(None, port, DOWN)
        with pytest.raises(NotYet, match="without sleep"):
            life.judged(follow)
    assert life._calls == 3  # the third call of connect() does not return


@pytest.mark.parametrize("seconds", [-1, "1", None, True, float("nan")])
def test_a_wait_is_a_number_of_seconds(seconds):
    def follow(connect, hear, sleep):
        try:
            connect()
        except OSError:
            sleep(seconds)

    with pytest.raises(NotYet, match="a number of seconds"):
        live(follow)


def test_a_return_before_the_end_is_named():
    def follow(connect, hear, sleep):
        with contextlib.suppress(OSError):
            connect()

    with pytest.raises(NotYet, match=r"Nobody listened, so connect.* returned"):
        live(follow)
