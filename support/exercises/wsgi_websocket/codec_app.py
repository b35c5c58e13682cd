"""Calls the learner's codec: a POST answers with what came of some calls, a WebSocket is an echo made of both.

The path of a POST is the function's name, its body a Python literal: pairs of arguments and what they should give. The
answer is `right`, or the number of the first call that is not, and `returned …` or `raised …`.
"""

import ast

from codec import decode, encode
from websockets.utils import accept_key

from support.errors import raised

UPGRADE = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
CLOSE = 8
MOST = 65536  # bytes of one read
TOLD = 4000  # characters of an answer


def judgement(function, cases):
    """What came of the calls, in words."""
    for number, (arguments, wanted) in enumerate(cases):
        try:
            came = function(*arguments)
        except Exception as error:
            return f"{number} raised {raised(error)}"
        if came != wanted:
            return f"{number} returned {came!r}"
    return "right"


def echo(sock):
    """Sends every frame back, without a mask; returns after a Close or a hang-up."""
    came = b""
    while piece := sock.recv(MOST):
        came += piece
        while (frame := decode(came)) is not None:
            fin, opcode, payload, came = frame
            sock.sendall(encode(opcode, payload, fin))
            if opcode == CLOSE:
                return


def app(environ, start_response):
    """Answers with what came of the calls, or echoes."""
    if key := environ.get("HTTP_SEC_WEBSOCKET_KEY"):
        sock = environ["gunicorn.socket"]
        sock.sendall(f"{UPGRADE}Sec-WebSocket-Accept: {accept_key(key)}\r\n\r\n".encode())
        echo(sock)
        raise StopIteration  # gunicorn closes the connection, and answers nothing
    function = {"/encode": encode, "/decode": decode}[environ["PATH_INFO"]]
    cases = ast.literal_eval(environ["wsgi.input"].read().decode())
    body = judgement(function, cases)[:TOLD].encode(errors="replace")
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
    return [body]
