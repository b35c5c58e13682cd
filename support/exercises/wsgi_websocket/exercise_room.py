"""A room in which nobody speaks: each WebSocket holds its call of the app until the client hangs up."""

from websockets.utils import accept_key

UPGRADE = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
MOST = 4096  # bytes of one read


def app(environ, start_response):
    """Accepts the handshake on the connection that gunicorn lends, and waits for its end."""
    sock = environ["gunicorn.socket"]
    proof = accept_key(environ["HTTP_SEC_WEBSOCKET_KEY"])
    sock.sendall(f"{UPGRADE}Sec-WebSocket-Accept: {proof}\r\n\r\n".encode())
    while sock.recv(MOST):
        pass
    raise StopIteration  # gunicorn closes the connection, and answers nothing
