"""The server that runs a program of the checks beside the learner's file, and a client that writes plain bytes."""

import re
import shutil
import socket
import time
from pathlib import Path

SILENCE = 2  # seconds after which a client gives up on a server that says nothing


def serve(bench, program: str):
    """A gunicorn that runs this file of the package. It has several threads: code that hangs keeps only its own."""
    shutil.copyfile(Path(__file__).with_name(program), Path(bench.folder, "exercise.py"))
    return bench.run("gunicorn exercise:app -k gthread --threads 8", name="exercise", timeout=5)


def connect(server, head: str, body: bytes = b"\r\n") -> socket.socket:
    """A connection on which a request has been sent: `body` begins with the headers that are its own."""
    client = socket.create_connection(("127.0.0.1", server.port), timeout=SILENCE)
    client.sendall(f"{head} HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n".encode() + body)
    return client


def receive(client: socket.socket, until: bytes = b"") -> bytes:
    """What has come up to `until`, or to the end; cut short after a silence or 64 KiB."""
    answer = b""
    try:
        while len(answer) < 65536 and not (until and until in answer) and (piece := client.recv(65536)):
            answer += piece
    except OSError:
        pass
    return answer


def ask(server, head: str, body: bytes = b"\r\n", half_close: bool = False) -> bytes:
    """The whole answer to one request."""
    with connect(server, head, body) as client:
        if half_close:
            client.shutdown(socket.SHUT_WR)
        return receive(client)


def last_error(server) -> str:
    """The last line of the log that names an exception, or nothing."""
    time.sleep(0.05)
    found = re.findall(r"^[\w.]+(?:Error|Exception)\b.*", server.log(), re.M)
    return found[-1] if found else ""


def status(answer: bytes) -> str:
    """The status of an answer: `200 OK`."""
    line = answer.partition(b"\r\n")[0].decode("latin-1")
    return line.removeprefix("HTTP/1.1 ") or "no answer"
