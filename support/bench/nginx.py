"""The %%nginx cell: an ordinary nginx configuration, with {{ }} filled in, served by a real nginx."""

import re
from functools import cache
from pathlib import Path

from ..errors import BenchError

HERE = Path(__file__).parent


def write(folder: Path, site: str, names: dict, listen: str) -> None:
    """Writes nginx.conf and site.conf into the folder; `{{ listen }}` is the address nginx has.

    Raises BenchError when `{{ }}` names something that does not exist yet, or is not written right.
    """
    from jinja2 import TemplateError, UndefinedError

    whole = re.search(r"^\s*server\s*\{", site, re.MULTILINE) is not None
    try:
        text = _template(site).render(names, listen=listen)
    except UndefinedError as error:
        unborn = error.message.endswith("is undefined")
        raise BenchError(
            f"The configuration uses {{{{ }}}} with something that is not there: {error.message}. "
            + ("Run the cell that makes it first." if unborn else "Look at the spelling."),
            f"설정의 {{{{ }}}} 안에 쓴 값을 찾을 수 없습니다({error.message}). "
            + ("그 값을 만드는 셀을 먼저 실행하세요." if unborn else "철자를 확인하세요."),
        ) from None
    except TemplateError as error:
        raise BenchError(
            f"A {{{{ }}}} in the configuration is not written right: {error.message}",
            f"설정의 {{{{ }}}} 표기가 올바르지 않습니다: {error.message}",
        ) from None
    folder.mkdir(exist_ok=True)
    frame = _template((HERE / "nginx.conf.jinja").read_text(encoding="utf-8")).render(whole=whole, listen=listen)
    for path, content in ((folder / "site.conf", text), (folder / "nginx.conf", frame)):
        path.unlink(missing_ok=True)  # to empty and refill a file takes ext4 five times as long
        path.write_text(content, encoding="utf-8")


@cache
def _template(text: str):
    """The Jinja template, compiled. To compile one takes a tenth of what nginx takes to start, so each is kept."""
    from jinja2 import Environment, StrictUndefined

    return Environment(undefined=StrictUndefined, keep_trailing_newline=True, autoescape=False).from_string(text)


def refusal(error: BenchError, site: str, folder: Path) -> BenchError:
    """The error with the line that nginx's message names, as it stands in the folder; else as it was."""
    found = re.search(r"\[emerg\] (?:\d+#\d+: )?(.*) in \S*site\.conf:(\d+)", error.evidence)
    if not found:
        return error
    message, number = found[1], int(found[2])
    filled = (folder / "site.conf").read_text(encoding="utf-8")
    line, written = ((text.splitlines() + [""] * number)[number - 1].strip() for text in (filled, site))
    # A loop in the cell has more or fewer lines than what comes of it.
    same = line == written or ("{{" in written and filled.count("\n") == site.count("\n"))
    where, where_ko = ("", "") if same else (f", as written to {folder.name}/site.conf", f"({folder.name}/site.conf)")
    return BenchError(
        f"nginx refuses line {number} of this configuration{where}. Mend it and run the cell again.",
        f"nginx가 이 설정{where_ko}의 {number}번째 줄을 거부했습니다. 고친 뒤 셀을 다시 실행하세요.",
        f"{number}: {line}\nnginx: [emerg] {message}",
    )
