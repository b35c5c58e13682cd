import socket


def ask(host, port, path):
    request = f"""
    GET {path} HTTP/1.1
    Host: {host}
    Connection: close

    """
    with socket.create_connection((host, port)) as s:
        s.sendall(request.encode())
        return s.recv(65536)
