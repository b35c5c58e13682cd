"""One drawing each, however busy the machine is."""

import os
from collections import Counter

import pictures
import pytest
from steady import busy_cores

pytestmark = [pytest.mark.gate, pytest.mark.alone]

RUNS = int(os.environ.get("RUNS", "200"))


@pytest.mark.parametrize("picture", pictures.PICTURES, ids=lambda picture: picture.__name__)
def test_one_drawing_on_busy_cores(bench, picture):
    pictures.write_apps(bench)
    draw = picture(bench)
    with busy_cores():
        drawings = Counter(repr(draw()) for _ in range(RUNS))
    assert list(drawings) == [pictures.EXPECTED[picture.__name__].strip("\n")]
