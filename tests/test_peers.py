"""The peer: it sends the bytes that it is given, answers nothing unasked, and reads only when it is asked to."""

import socket
import struct
import threading

import pytest
from websockets.frames import Frame, Opcode
from websockets.streams import StreamReader

from support import peers
from support.errors import BenchError
from support.loopback import HOST
from support.peers import Peer, close, frame

SWITCHED = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"


class Listener:
    """A server of a test: says its answer to the first connection, and keeps what it heard first."""

    def __init__(self, answer: bytes, hang_up: bool = True, reset: bool = False) -> None:
        self._socket = socket.create_server((HOST, 0))
        self.port = self._socket.getsockname()[1]
        self.heard = b""
        self._answer, self._hang_up = answer, hang_up
        self._linger = struct.pack("ii", reset, 0)  # with no time to linger the end is a RST (socket(7))
        self._kept: socket.socket | None = None
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        self._kept, _ = self._socket.accept()
        self.heard = self._kept.recv(65536)
        self._kept.sendall(self._answer)
        if self._hang_up:
            self._kept.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, self._linger)
            self._kept.close()

    def __enter__(self) -> "Listener":
        return self

    def __exit__(self, *_) -> None:
        self._thread.join()
        self._kept.close()
        self._socket.close()


def parsed(data: bytes, masked: bool = True) -> Frame:
    """The frame as websockets reads it, which objects to a wrong one."""
    reader = StreamReader()
    reader.feed_data(data)
    try:
        next(Frame.parse(reader.read_exact, mask=masked))
    except StopIteration as done:
        return done.value
    raise AssertionError("the frame is not whole")


@pytest.mark.parametrize("size", [0, 125, 126, 65_535, 65_536])
def test_a_frame_of_any_length_is_read_as_it_was_meant(size):
    data = bytes(range(256)) * (size // 256) + bytes(size % 256)
    found = parsed(frame(Opcode.BINARY, data, fin=False))
    assert (found.opcode, bytes(found.data), found.fin) == (Opcode.BINARY, data, False)


def test_the_bits_of_a_frame_stand_where_the_rfc_has_them():
    # RFC 6455 section 5.7: a text "Hello" without a mask, and the first of its two fragments.
    assert frame(Opcode.TEXT, b"Hello", masked=False) == bytes.fromhex("81 05 48 65 6c 6c 6f")
    assert frame(Opcode.TEXT, b"Hel", fin=False, masked=False) == bytes.fromhex("01 03 48 65 6c")
    assert frame(Opcode.TEXT, rsv=4)[0] == 0xC1


def test_a_close_carries_its_code_and_its_reason():
    assert bytes(parsed(close(4000, b"bye")).data) == b"\x0f\xa0bye"


def test_a_header_can_be_changed_added_and_left_out():
    headers = {"Host": None, "Sec-WebSocket-Version": "12", "Cookie": ""}
    with Listener(SWITCHED) as server, Peer(server, "/tea", headers, method="POST", version="HTTP/1.0") as peer:
        lines = server.heard.decode().split("\r\n")
        assert lines[0] == "POST /tea HTTP/1.0"
        assert lines[-4:] == ["Sec-WebSocket-Version: 12", "Cookie: ", "", ""]
        assert not any(line.startswith("Host") for line in lines)
        assert "Host" not in peer.sent


def test_the_frames_behind_the_response_are_left_for_later():
    said = [frame(Opcode.PING, b"tea", masked=False), frame(Opcode.TEXT, b"x" * 200, masked=False)]
    with Listener(SWITCHED + b"".join(said)) as server, Peer(server) as peer:
        assert peer.response.status_code == 101
        assert peer.header("upgrade") == "websocket"
        assert peer.header("Server") is None
        assert [(each.opcode, len(each.data)) for each in peer.frames()] == [(Opcode.PING, 3), (Opcode.TEXT, 200)]


def test_a_reset_is_an_end_too():
    with Listener(SWITCHED + frame(Opcode.PING, masked=False), reset=True) as server, Peer(server) as peer:
        server._thread.join()
        assert [each.opcode for each in peer.frames()] == [Opcode.PING]


def test_it_answers_no_ping():
    with Listener(SWITCHED + frame(Opcode.PING, masked=False), hang_up=False) as server, Peer(server) as peer:
        assert next(peer.frames()).opcode is Opcode.PING
        server._kept.setblocking(False)
        with pytest.raises(BlockingIOError):
            server._kept.recv(1)


def test_who_hangs_up_on_the_handshake_is_named():
    with Listener(b"") as server, pytest.raises(BenchError, match="hung up"):
        Peer(server)


def test_a_silence_ends_in_an_error_that_says_so(monkeypatch):
    monkeypatch.setattr(peers, "PATIENCE", 0.01)
    with Listener(b"HTTP/1.1 101", hang_up=False) as server, pytest.raises(BenchError, match="has said nothing"):
        Peer(server)
