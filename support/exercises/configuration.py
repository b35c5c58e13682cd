"""The nginx configuration that a learner has written for a check."""

import re
from collections.abc import Sequence

from jinja2 import Environment, TemplateSyntaxError
from jinja2.meta import find_undeclared_variables

from ..bench.bench import Bench
from ..errors import Said
from . import expect
from .drive import written


def configuration(bench: Bench, file: str, names: Sequence[str]) -> str:
    """The text of the learner's file, in which {{ }} may use `names` and `listen`; NotYet if it cannot be filled in."""
    text = written(bench, file).read_text(encoding="utf-8")
    expect(
        re.search(r"^[^#]*\blisten\s+\{\{\s*listen\s*\}\}", text, re.MULTILINE),
        Said(
            "The line listen {{ listen }}; is missing: without it nginx does not know its address.",
            "listen {{ listen }}; 줄이 없습니다. 이 줄이 없으면 nginx는 자기 주소를 알 수 없습니다.",
        ),
    )
    known = ["listen", *names]
    others = ", ".join(sorted(_used(text) - set(known)))
    expect(
        not others,
        Said(
            f"The check starts servers of its own: in this file {{{{ }}}} can name {', '.join(known[:-1])} and "
            f"{known[-1]}, not {others}.",
            "확인 셀은 서버를 따로 띄웁니다. "
            f"이 파일의 {{{{ }}}} 안에는 {', '.join(known)}만 쓸 수 있는데 {others} 이름이 있습니다.",
        ),
    )
    return text


def _used(text: str) -> set[str]:
    """The names that the template's {{ }} use; none if it is not well-formed, of which the bench has more to say."""
    try:
        return find_undeclared_variables(Environment().parse(text))
    except TemplateSyntaxError:
        return set()
