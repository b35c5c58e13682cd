"""A request, said as it stands, and every byte of the answer."""

import socket

from ..loopback import HOST


def say(server, head: str, body: bytes = b"") -> bytes:
    """Sends a request as it stands, with a Host header; every byte up to the server's FIN comes back.

    `head` is the request line and its headers, joined by CRLF. Raises TimeoutError after 5 seconds of silence.
    """
    with socket.create_connection((HOST, server.port), timeout=5) as client:
        client.sendall(f"{head}\r\nHost: bench\r\n\r\n".encode() + body)
        return b"".join(iter(lambda: client.recv(65536), b""))
