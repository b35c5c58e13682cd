"""Ports: which are free, and whose one is.

Linux tells the latter in hundredths of a millisecond, where psutil reads every socket of the machine.
"""

import os
import socket
import struct
import sys
from collections.abc import Iterator

from ..errors import BenchError
from ..loopback import HOST

# sock_diag(7), which `ss` asks too. Python has no names for these.
NETLINK_SOCK_DIAG = 4
SOCK_DIAG_BY_FAMILY = 20
ANY_STATE, NO_COOKIE = 0xFFFFFFFF, 0xFFFFFFFF
INODE = 84  # where an answer has the inode: a header of 16 bytes, then 68 of the socket's description


def free_ports(first: int) -> Iterator[int]:
    """Ports from `first` on that nobody listens on at this moment. Raises BenchError after the last one."""
    for port in range(first, min(first + 900, 65536)):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
        yield port
    raise BenchError(
        f"No port from {first} on is free. Stop something that listens, then run this cell again.",
        f"{first}번부터 찾았지만 빈 포트가 없습니다. 포트를 쓰는 프로그램을 종료한 뒤 이 셀을 다시 실행하세요.",
    )


def certainly_reaches(port: int, pid: int) -> bool:
    """True if a connection to the port ends at a socket of that process. False is no answer: ask psutil."""
    if sys.platform != "linux":
        return False
    folder = f"/proc/{pid}/fd"
    try:
        socket_name = f"socket:[{_listener(port)}]"
        return any(os.readlink(f"{folder}/{number}") == socket_name for number in os.listdir(folder))
    except OSError:
        return False  # the process is gone or not ours to read, or this kernel has no such service


def _listener(port: int) -> int:
    """The inode of the socket that a connection to the port would reach. Raises OSError if there is none."""
    spot = struct.pack("!HH4s28x", port, 0, socket.inet_aton(HOST)) + struct.pack("=III", 0, NO_COOKIE, NO_COOKIE)
    question = struct.pack("=BBxxI", socket.AF_INET, socket.IPPROTO_TCP, ANY_STATE) + spot
    header = struct.pack("=IHHII", 16 + len(question), SOCK_DIAG_BY_FAMILY, 1, 0, 0)
    with socket.socket(socket.AF_NETLINK, socket.SOCK_DGRAM, NETLINK_SOCK_DIAG) as kernel:
        kernel.send(header + question)
        answer = kernel.recv(4096)
    if struct.unpack_from("=H", answer, 4) != (SOCK_DIAG_BY_FAMILY,):
        raise OSError(f"nobody listens on port {port}")
    return struct.unpack_from("=I", answer, INODE)[0]
