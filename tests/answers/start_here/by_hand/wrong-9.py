import socket

def ask(host, port, path):
    connection = socket.create_connection((host, port))
    connection.sendall(f"GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
    out = b""
    while True:
        try:
            out += connection.recv(65536)
        except:
            pass
