"""Ports: a claim on each before it is tried, and who listens where.

All benches of a machine respect each other's claims. A claim is made before anything else is done with a port, and
lasts until the kernel has let go of it and the program that listens there has ended, however that may be: the
program inherits it. So no bench starts a server on a port that another's is about to take, and none knocks at
another's server or tap to see who is there.

On Linux a claim is the name of an abstract socket, elsewhere the lock of a file; and Linux tells who listens in
hundredths of a millisecond (sock_diag), where psutil reads every socket of the machine.
"""

import contextlib
import errno
import fcntl
import os
import socket
import struct
import sys
import weakref
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from ..errors import BenchError
from ..loopback import HOST

LINUX = sys.platform == "linux"  # what follows from it is tested without, too
RANGE = 900  # ports that are looked at, from the familiar one on
LOCKS = Path("/tmp")  # where each user and each environment finds the same files

# sock_diag(7), which `ss` asks too. Python has no names for these.
NETLINK_SOCK_DIAG = 4
SOCK_DIAG_BY_FAMILY, ERROR = 20, 2
REQUEST, DUMP = 0x1, 0x301  # NLM_F_REQUEST; with NLM_F_DUMP
ANY_STATE, LISTENING, NO_COOKIE = 0xFFFFFFFF, 1 << 10, 0xFFFFFFFF
# Where an answer has what we look for: behind a header of 16 bytes, in the socket's description.
PORT, ADDRESS, INODE = 20, 24, 84


class Claimed(Exception):
    """Another bench has the claim on a port."""


_CLAIMS: "weakref.WeakSet[Claim]" = weakref.WeakSet()  # of this process


class Claim:
    """A port that no other bench of this machine tries, while anybody holds the claim open.

    Of another `kind` it is no port that is claimed, but one of a number of things that benches share.
    """

    def __init__(self, port: int, kind: str = "port") -> None:
        """Raises Claimed if another holds the claim on this port."""
        self.port = port
        name = f"bench-{kind}-{port}"
        try:
            self._file = _abstract(name) if LINUX else _locked(name)
        except OSError as error:
            if error.errno in (errno.EADDRINUSE, errno.EWOULDBLOCK, errno.EACCES):
                raise Claimed from None
            raise
        self.held = True
        _CLAIMS.add(self)

    def fileno(self) -> int:
        """The descriptor to pass on to the program that listens on the port."""
        return self._file.fileno()

    def close(self) -> None:
        """Lets go of the claim: it ends with the last program that holds it."""
        self.held = False
        self._file.close()


def claimable(port: int) -> bool:
    """True if nobody holds the claim on the port."""
    try:
        Claim(port).close()
    except Claimed:
        return False
    return True


def _abstract(name: str) -> socket.socket:
    """The claim as a name in Linux's abstract namespace, which is as wide as that of ports: unix(7)."""
    held = socket.socket(socket.AF_UNIX)
    try:
        held.bind(f"\0{name}")
    except OSError:
        held.close()
        raise
    return held


def _locked(name: str):
    """The claim as the lock of a file that every user may open and nobody removes."""
    path = LOCKS / name
    with contextlib.suppress(FileExistsError):
        made = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL)
        os.fchmod(made, 0o666)  # whatever the umask
        os.close(made)
    held = open(path, "r+b", buffering=0)  # noqa: SIM115  (it is held for as long as the claim lasts)
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        held.close()
        raise
    return held


def _let_go() -> None:
    """In a process that the notebook has forked: the claims are the kernel's."""
    for claim in list(_CLAIMS):
        claim.close()


os.register_at_fork(after_in_child=_let_go)


def claims(first: int) -> Iterator[Claim]:
    """Claims on ports from `first` on that nobody uses at this moment. Raises BenchError after the last one.

    A claim that is not wanted is to be closed by who asked for it.
    """
    for port in range(first, min(first + RANGE, 65536)):
        try:
            claim = Claim(port)
        except Claimed:
            continue
        if free(port):
            yield claim
        else:
            claim.close()
    raise BenchError(
        f"No port from {first} on is free. Stop something that listens, then run this cell again.",
        f"{first}번부터 찾았지만 빈 포트가 없습니다. 포트를 쓰는 프로그램을 종료한 뒤 이 셀을 다시 실행하세요.",
    )


def free(port: int) -> bool:
    """True if nobody has bound the port at this moment: asked without knocking at it."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def listener(port: int) -> int | None:
    """The inode of the socket that a connection to the port would reach, None without one.

    Raises OSError where the system does not tell: ask psutil then.
    """
    spot = struct.pack("!HH4s28x", port, 0, socket.inet_aton(HOST)) + struct.pack("=III", 0, NO_COOKIE, NO_COOKIE)
    if not (LINUX and _tells()):
        raise OSError(errno.ENOSYS, "this system has no sock_diag for TCP")
    with _asked(socket.AF_INET, ANY_STATE, spot, REQUEST) as kernel:
        answer = kernel.recv(4096)
    if struct.unpack_from("=H", answer, 4) != (SOCK_DIAG_BY_FAMILY,):
        return None  # ENOENT: nobody listens, or a kernel without this service, which _tells() has ruled out
    return struct.unpack_from("=I", answer, INODE)[0]


def abroad() -> dict[int, str]:
    """Where this machine listens for others: the inode of each listening socket that is not on loopback → its address.

    Raises OSError where the system does not tell: ask psutil then.
    """
    return {inode: address for family in (socket.AF_INET, socket.AF_INET6) for inode, address in _abroad(family)}


def _abroad(family: socket.AddressFamily) -> Iterator[tuple[int, str]]:
    with _asked(family, LISTENING, bytes(48), DUMP) as kernel:
        while answer := kernel.recv(65536):
            start = 0
            while start < len(answer):
                length, kind = struct.unpack_from("=IH", answer, start)
                if kind == ERROR:
                    raise OSError(-struct.unpack_from("=i", answer, start + 16)[0], "sock_diag")
                if kind != SOCK_DIAG_BY_FAMILY:
                    return
                packed = answer[start + ADDRESS :][: 4 if family == socket.AF_INET else 16]
                if not loopback(packed):
                    (port,) = struct.unpack_from("!H", answer, start + PORT)
                    yield struct.unpack_from("=I", answer, start + INODE)[0], written(packed, port)
                start += (length + 3) & ~3


@cache
def _tells() -> bool:
    """True if this system has sock_diag, for TCP."""
    try:
        abroad()
    except OSError:
        return False
    return True


@contextlib.contextmanager
def _asked(family: int, states: int, spot: bytes, flags: int) -> Iterator[socket.socket]:
    """A socket to the system's kernel, with a question about TCP sockets sent through it."""
    if not LINUX:
        raise OSError(errno.ENOSYS, "sock_diag is Linux' own")
    question = struct.pack("=BBxxI", family, socket.IPPROTO_TCP, states) + spot
    header = struct.pack("=IHHII", 16 + len(question), SOCK_DIAG_BY_FAMILY, flags, 0, 0)
    with socket.socket(socket.AF_NETLINK, socket.SOCK_DGRAM, NETLINK_SOCK_DIAG) as kernel:
        kernel.send(header + question)
        yield kernel


def loopback(packed: bytes) -> bool:
    """True for an address (as 4 or 16 bytes) that this machine alone can reach: 127.0.0.0/8 and ::1."""
    if len(packed) == 16:
        return packed == bytes(15) + b"\1" or packed.startswith(bytes(10) + b"\xff\xff\x7f")
    return packed[0] == 127


def written(packed: bytes, port: int) -> str:
    """The address as one writes it: 0.0.0.0:8000, [::]:8000."""
    if len(packed) == 16:
        return f"[{socket.inet_ntop(socket.AF_INET6, packed)}]:{port}"
    return f"{socket.inet_ntop(socket.AF_INET, packed)}:{port}"


def holds(pid: int, inode: int) -> bool:
    """True if the process has the socket with that inode open. Linux only."""
    folder = f"/proc/{pid}/fd"
    with contextlib.suppress(OSError):  # the process is gone, or not ours to read
        for number in os.listdir(folder):
            with contextlib.suppress(FileNotFoundError):  # it was closed while we looked
                if os.readlink(f"{folder}/{number}") == f"socket:[{inode}]":
                    return True
    return False
