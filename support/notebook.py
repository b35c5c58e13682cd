"""What the bench adds to a notebook's kernel. Every kernel of this environment loads it at its start."""

from IPython import get_ipython
from IPython.core.magics import OSMagics

from .bench.bench import Bench


def join(shell) -> None:
    """Adds %%nginx and the hint to the shell, and guards %%writefile; doing it twice changes nothing."""
    shell.register_magic_function(_nginx, "cell", "nginx")
    shell.register_magic_function(_writefile, "cell", "writefile")
    shell.set_custom_exc((NameError,), _hint)


def _nginx(line: str, cell: str) -> None:
    """%%nginx [NAME]: runs nginx with the cell as its site, and puts the Server into NAME (`nginx`)."""
    bench = Bench.standing()
    name = line.strip() or "nginx"
    names = get_ipython().user_ns
    names[name] = bench.nginx(cell, names, key=name)


def _writefile(line: str, cell: str) -> None:
    """%%writefile, as ever, once a bench stands: before that, the file would lie among the notebooks."""
    Bench.standing()
    OSMagics(get_ipython()).writefile(line, cell)


def _hint(shell, kind, error, trace, tb_offset=None) -> None:
    """Shows the NameError as always, then what to do about it."""
    shell.showtraceback((kind, error, trace), tb_offset=tb_offset)
    if kind is UnboundLocalError:
        return  # a name of a function's own: no other cell makes it
    print(
        "If a cell above makes this name, run the cells above first: Run ▸ Run All Above Selected Cell.\n"
        "위쪽 셀에서 정의하는 이름이라면 위쪽 셀을 먼저 실행하세요: Run ▸ Run All Above Selected Cell."
    )
