"""What the bench adds to a notebook's kernel. Every kernel of this environment loads it at its start.

Beside %%nginx and %%writefile it knows what a cell asked: an audit hook (PEP 578) hears of every connection that is
made, with whatever library. So it can say after a cell that the answer came from an old file, and under the traceback
of a failed request what the server is doing.
"""

import os
import sys
from pathlib import Path

from IPython import get_ipython
from IPython.core.magic_arguments import parse_argstring
from IPython.core.magics import OSMagics

from .bench.bench import Bench
from .bench.server import Server
from .errors import BenchError, Said
from .frames import learners
from .loopback import HOST

CLIENTS = ("httpx", "websockets")  # whose failures are told in short

_asked: dict[tuple | str, None] = {}  # the addresses to which this cell has connected, the last one last
_listening: list = []  # the audit hook, once it is there: it cannot be taken away again


def join(shell) -> None:
    """Adds %%nginx, the hints and the short tracebacks, and guards %%writefile; doing it twice changes nothing."""
    shell.register_magic_function(_nginx, "cell", "nginx")
    shell.register_magic_function(_writefile, "cell", "writefile")
    shell.set_custom_exc((Exception,), _explain)
    shell.events.register("pre_run_cell", _before)
    shell.events.register("post_run_cell", _after)
    if not _listening:
        _listening.append(_listen)
        sys.addaudithook(_listen)


def _nginx(line: str, cell: str) -> None:
    """%%nginx [NAME]: runs nginx with the cell as its site, and puts the Server into NAME (`nginx`)."""
    bench = Bench.standing()
    name = line.strip() or "nginx"
    names = get_ipython().user_ns
    names[name] = bench.nginx(cell, names, key=name)


def _writefile(line: str, cell: str) -> None:
    """%%writefile, as ever, once a bench stands: before that, the file would lie among the notebooks.

    The folder of a file such as mysite/urls.py is made.
    """
    Bench.standing()
    magics = OSMagics(get_ipython())
    name = parse_argstring(magics.writefile, line).filename.strip("'\"")
    Path(name).expanduser().parent.mkdir(parents=True, exist_ok=True)
    magics.writefile(line, cell)


def _listen(event: str, arguments: tuple) -> None:
    if event == "socket.connect" and (address := _place(arguments[1])):
        _asked.pop(address, None)
        _asked[address] = None


def _place(address) -> tuple | str | None:
    """An address as the socket module takes it, always in the same form: (host, port), or the path of a unix socket."""
    if isinstance(address, tuple):
        return address[:2]
    return os.path.abspath(os.fsdecode(address)) if isinstance(address, str | bytes) else None


def _places(bench: Bench) -> dict[tuple | str, Server]:
    """The servers of the bench by where they are reached, themselves or through a tap."""
    places = {(HOST, tap.port): tap.upstream for tap in bench.taps}
    for server in bench.servers.values():
        if server.address:
            places[_place(server.endpoint.address)] = server
    return places


def _before(_) -> None:
    """A cell begins: nothing has been asked yet."""
    _asked.clear()
    for server in Bench.current.servers.values() if Bench.current else ():
        server.looked = False


def _after(result) -> None:
    """Says of each server that the cell asked or showed, or whose log or events it read, if it runs old files."""
    if Bench.current is None:
        return
    places = _places(Bench.current)
    asked = [places[address] for address in list(_asked) if address in places]
    for server in list(Bench.current.servers.values()):
        looked = server.looked or server in asked or server is result.result
        if looked and server.running and (old := server.stale()):
            print(old)


def _explain(shell, kind, error, trace, tb_offset=None) -> None:
    """Shows the exception: that of a failed request in short, a NameError with what to do about it."""
    mine = learners(trace)
    if mine and _failed_request(error, trace):
        _shorten(shell, kind, error, mine)
    # What the learner's code raised has run: IPython then shows where a SyntaxError was imported.
    shell.showtraceback((kind, error, trace), tb_offset=tb_offset, running_compiled_code=mine is not None)
    # A name of a function's own (UnboundLocalError) is made by no other cell.
    if isinstance(error, NameError) and not isinstance(error, UnboundLocalError):
        print(
            "If a cell above makes this name, run the cells above first: Run ▸ Run All Above Selected Cell.\n"
            "위쪽 셀에서 정의하는 이름이라면 위쪽 셀을 먼저 실행하세요: Run ▸ Run All Above Selected Cell."
        )


def _failed_request(error: Exception, trace) -> bool:
    """True if a client's library raised it, or a connection that this cell has made did."""
    while trace.tb_next:
        if trace.tb_frame.f_globals.get("__name__", "").partition(".")[0] in CLIENTS:
            return True
        trace = trace.tb_next
    library = trace.tb_frame.f_globals.get("__name__", "").partition(".")[0]
    return library in CLIENTS or (isinstance(error, ConnectionError | TimeoutError) and bool(_asked))


def _shorten(shell, kind, error, mine) -> None:
    """Has IPython show the learner's own frames and the last line, then what the server is doing."""
    cause, context = error.__cause__, error.__suppress_context__
    try:
        error.__cause__ = None  # the library's own exceptions, which led to this one
        lines = shell.InteractiveTB.structured_traceback(kind, error, mine, tb_offset=0)
    finally:
        error.__cause__, error.__suppress_context__ = cause, context
    told = _doing()
    error._render_traceback_ = lambda: [*lines, *([str(told)] if told else [])]  # IPython's hook, as in BenchError


def _doing() -> Said | None:
    """What the server that was asked last is doing, and its last words; None if that cannot be known."""
    server, address = _asked_last()
    if server is None and address:
        return Said(
            f"Nothing on the bench listens at {address[0]}:{address[1]}. Ask a server at its url, as in web.url.",
            f"작업대에는 {address[0]}:{address[1]} 주소에서 연결을 받는 서버가 없습니다. web.url처럼 서버의 url로 "
            "요청하세요.",
        )
    if server is None:
        return None
    try:
        return _state(server)
    except BenchError as gone:  # its bench has been cleared
        return gone.said


def _asked_last() -> tuple[Server | None, tuple | str | None]:
    """The server to which the cell connected last, through a tap or not, and the address; else the only one."""
    bench = Bench.current
    if bench is None:
        return None, None
    places, asked = _places(bench), list(_asked)[::-1]
    for address in asked:
        if address in places:
            return places[address], address
    here = [address for address in asked if address[0] in (HOST, "localhost", "::1")]
    if here:
        return None, here[0]
    return (next(iter(bench.servers.values())) if len(bench.servers) == 1 else None), None


def _state(server: Server) -> Said:
    if server.running:
        return server.fault(
            f"{server.name} runs at {server.where}. Its last words:",
            f"{server.name} 서버는 {server.where}에서 실행 중입니다. 마지막 로그:",
        ).said
    status = server.process.returncode
    return server.fault(
        f"{server.name} no longer runs (status {status}): run the cell that starts it. Its last words:",
        f"{server.name} 서버가 끝났습니다(종료 상태 {status}). 서버를 시작하는 셀을 다시 실행하세요. 마지막 로그:",
    ).said
