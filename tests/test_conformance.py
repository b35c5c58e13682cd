"""The thirty cases: what each is called for, and that it tells a right answer from a wrong one."""

import socket
import threading
from collections import Counter

import pytest
from websockets.frames import Opcode
from websockets.sync.server import serve

from support import conformance, grid
from support.conformance import CASES, CLOSES, FAULTS, HANDSHAKES, MESSAGES
from support.loopback import HOST
from support.peers import MASK, frame

PROOF = "BACScCJPNqyz+UBoqMH89VmURoA="  # for the key of the handshake (RFC 6455 section 4.2.2)


class Standing:
    """What `grid` takes for a server."""

    name, running = "standing", True

    def __init__(self, port: int) -> None:
        self.port = port


class Scripted(Standing):
    """A server that answers each connection with the same bytes, once it has heard a handshake, and what follows it."""

    def __init__(self, said: bytes, head: str = "101 Switching Protocols", headers: str = "") -> None:
        self._socket = socket.create_server((HOST, 0))
        super().__init__(self._socket.getsockname()[1])
        accept = f"Sec-WebSocket-Accept: {PROOF}\r\n" if head.startswith("101") else ""
        self._head = f"HTTP/1.1 {head}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n{accept}{headers}\r\n".encode()
        self._said, self.heard = said, b""
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._socket.accept()
            except OSError:
                return
            with client:
                client.recv(65536)
                client.sendall(self._head)
                self.heard = client.recv(65536)
                client.sendall(self._said)

    def __enter__(self) -> "Scripted":
        return self

    def __exit__(self, *_) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()


def named(name: str):
    return next(case for case in CASES if case.name == name)


@pytest.fixture(scope="module")
def strict():
    """The server of the websockets library, which echoes."""

    def echo(ws):
        for message in ws:
            ws.send(message)

    def choose(ws, offered):
        return next(iter(offered), None)

    with serve(echo, HOST, 0, select_subprotocol=choose) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield Standing(server.socket.getsockname()[1])
        server.shutdown()


def test_there_are_thirty_of_which_no_two_have_one_name():
    assert len({case.name for case in CASES}) == 30
    assert [len(cases) for cases in (HANDSHAKES, MESSAGES, FAULTS, CLOSES)] == [9, 7, 9, 5]


def test_the_library_s_own_server_is_wrong_where_uvicorn_is(strict):
    found = grid([strict], CASES)
    assert found.wrong["standing"] == ["version 12", "no Host"]


@pytest.mark.parametrize("case", [*MESSAGES, *FAULTS, *CLOSES], ids=lambda case: case.name)
def test_a_server_that_only_repeats_the_end_is_found_out(case):
    with Scripted(frame(Opcode.TEXT, b"end", masked=False)) as lenient:
        answer = case.does(lenient)
    assert (answer in case.allowed) == (case.name == "an unsolicited Pong"), answer


@pytest.mark.parametrize("case", FAULTS, ids=lambda case: case.name)
def test_of_a_fault_a_close_and_its_absence_are_told_apart(case):
    with Scripted(b"") as rude:
        assert case.does(rude) == "cut off"
    with Scripted(frame(Opcode.CLOSE, b"\x03\xea", masked=False)) as polite:
        assert case.does(polite) == "Close 1002"


def test_a_server_that_repeats_what_is_no_text_is_wrong_and_no_error():
    with Scripted(frame(Opcode.TEXT, b"caf\xe9", masked=False)) as careless:
        assert grid([careless], [named("a text that is not UTF-8")]).wrong["standing"] == ["a text that is not UTF-8"]


def test_a_length_of_one_byte_is_written_in_two():
    with Scripted(b"") as server:
        named("one byte, its length in two").does(server)
        assert server.heard.startswith(b"\x81\xfe\x00\x01" + MASK + bytes([ord("a") ^ MASK[0], 0x81]))


def test_a_pong_after_the_close_is_seen():
    late = frame(Opcode.CLOSE, b"\x03\xe8", masked=False) + frame(Opcode.PONG, b"tea", masked=False)
    with Scripted(late) as talkative:
        assert named("a Ping after Close").does(talkative) == "Close 1000, Pong 'tea'"


@pytest.mark.parametrize(
    ("headers", "answer"),
    [
        ("", "101"),
        ("Sec-WebSocket-Protocol: tea\r\n", "101, tea"),
        ("Sec-WebSocket-Extensions: x-tea\r\n", "101, x-tea"),
    ],
)
def test_what_a_handshake_agrees_on_is_told(headers, answer):
    with Scripted(b"", headers=headers) as server:
        assert named("as it should be").does(server) == answer


def test_a_wrong_proof_is_told():
    with Scripted(b"") as server:
        assert named("the key is abc").does(server) == "101, wrong proof"


@pytest.mark.parametrize(
    ("headers", "answer"), [("Sec-WebSocket-Version: 13,8\r\n", "400, use 13"), ("Sec-WebSocket-Version: 8\r\n", "400")]
)
def test_a_refused_version_must_name_thirteen(headers, answer):
    with Scripted(b"", head="400 Bad Request", headers=headers) as server:
        assert named("version 12").does(server) == answer


def test_where_no_handshake_comes_about_its_status_is_the_answer():
    with Scripted(b"", head="503 Service Unavailable") as server:
        assert named("a Ping").does(server) == "503"


def test_each_clause_is_one_of_the_rfc_but_for_what_an_app_sends():
    clauses = Counter(case.clause.partition(" §")[0] for case in CASES)
    assert clauses == {"RFC 6455": 29, "ASGI www#send-send-event": 1}


def test_a_close_that_none_may_carry_may_be_answered_with_a_close_all_the_same():
    with Scripted(frame(Opcode.CLOSE, b"\x03\xe8", masked=False)) as polite:
        assert grid([polite], [named("Close 1005")]).wrong["standing"] == []


def test_the_end_is_no_message_of_a_case():
    assert conformance.END not in {right.strip("'") for case in CASES for right in case.allowed}
