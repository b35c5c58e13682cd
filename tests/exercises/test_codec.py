"""What the check of the frame codec asks: the frames as RFC 6455 section 5.7 prints them, and every kind of length."""

import pytest
from websockets.frames import Frame, Opcode
from websockets.streams import StreamReader

from support.exercises.wsgi_websocket.codec import COUNT, EXAMPLES, frame, random_frames

PRINTED = [
    "81 05 48 65 6c 6c 6f",
    "81 85 37 fa 21 3d 7f 9f 4d 51 58",
    "01 03 48 65 6c",
    "80 02 6c 6f",
    "89 05 48 65 6c 6c 6f",
    "8a 85 37 fa 21 3d 7f 9f 4d 51 58",
    "82 7e 01 00",
    "82 7f 00 00 00 00 00 01 00 00",
]


@pytest.mark.parametrize(("example", "printed"), list(zip(EXAMPLES, PRINTED, strict=True)))
def test_the_examples_are_those_of_the_rfc(example, printed):
    assert frame(*example).startswith(bytes.fromhex(printed))
    assert len(frame(*example)) == len(bytes.fromhex(printed)) + (len(example[1]) if len(example[1]) > 5 else 0)


def test_the_random_frames_are_the_same_each_time():
    assert list(random_frames()) == list(random_frames())
    assert len(list(random_frames())) == COUNT


def test_the_random_frames_have_the_borders_of_all_lengths():
    sizes = {len(payload) for _, payload, _, _ in random_frames()}
    assert {0, 125, 126, 65535, 65536} <= sizes


@pytest.mark.parametrize("masked", [True, False])
def test_the_random_frames_are_read_back_by_websockets(masked):
    asked = [each for each in random_frames() if bool(each[3]) == masked]
    assert len(asked) > COUNT // 4
    for opcode, payload, fin, mask in asked:
        reader = StreamReader()
        reader.feed_data(frame(opcode, payload, fin, mask))
        with pytest.raises(StopIteration) as done:
            next(Frame.parse(reader.read_exact, mask=masked))
        read = done.value.value
        assert (read.opcode, read.data, read.fin) == (Opcode(opcode), payload, fin)
