"""A client that upgrades to HTTP/2 in the clear (`Upgrade: h2c`, RFC 7540, section 3.2) and asks again inside."""

import socket

import h2.connection
import h2.events

from ...bench.server import Server
from ...loopback import HOST
from ...wire.tap import Tap

STREAM = 3  # of the request inside: 1 is the one that upgraded
SILENCE = 5  # seconds


def inside(site: Server | Tap, path: str, inner: str) -> str:
    """Status and body of the answer to `inner`, asked behind a 101 to `path`; without a 101, `200, no tunnel`.

    Raises TimeoutError after five seconds of silence, EOFError where the server hangs up.
    """
    client = h2.connection.H2Connection()
    settings = client.initiate_upgrade_connection().decode()
    lines = [f"GET {path} HTTP/1.1", f"Host: {site.address}", "Connection: Upgrade, HTTP2-Settings"]
    lines += ["Upgrade: h2c", f"HTTP2-Settings: {settings}"]
    with socket.create_connection((HOST, site.port), SILENCE) as sock:
        sock.sendall("\r\n".join([*lines, "", ""]).encode())
        came = b""
        while b"\r\n\r\n" not in came:
            came += _received(sock)
        head, _, rest = came.partition(b"\r\n\r\n")
        status = head.split()[1].decode()
        if status != "101":
            return f"{status}, no tunnel"
        asked = {":method": "GET", ":scheme": "http", ":authority": site.address, ":path": inner}
        client.send_headers(STREAM, list(asked.items()), end_stream=True)
        sock.sendall(client.data_to_send())
        return _answer(client, sock, rest)


def _answer(client: h2.connection.H2Connection, sock: socket.socket, came: bytes) -> str:
    """The status and the body of the answer on our stream."""
    status, body = "", b""
    while True:
        for event in client.receive_data(came):
            if getattr(event, "stream_id", None) != STREAM:
                continue
            if isinstance(event, h2.events.ResponseReceived):
                status = dict(event.headers)[b":status"].decode()
            elif isinstance(event, h2.events.DataReceived):
                body += event.data
            elif isinstance(event, h2.events.StreamEnded):
                return f"{status} {body.decode()}"
        sock.sendall(client.data_to_send())
        came = _received(sock)


def _received(sock: socket.socket) -> bytes:
    """The next bytes. Raises EOFError where the server hangs up."""
    if came := sock.recv(65536):
        return came
    raise EOFError("the server hung up before its answer was whole")
