"""Exercise "three logs": what is broken in three sites, told from their logs alone."""

import re

from ...errors import Said
from ...show import Table
from .. import exercise, expect, faults
from ..drive import ask, handshake, judged
from .servers import halves, serving, site

SURE = 60  # seconds; each of these lines comes, on a busy machine late: daphne looks only once a second
# What somebody did to the /ws/ location: the text that stood there, and what stands there now.
FAULTS = {
    "Host": ("proxy_set_header Host $http_host;", ""),
    "Upgrade": ("proxy_set_header Upgrade $http_upgrade;", ""),
    "Connection": ('"upgrade"', "close"),
    "slash": ("http://chat;", "http://chat/;"),
    "upstream": ("http://chat;", "http://pages;"),
}
# Its fault, the lines that daphne writes about it, and the hint.
CASES = {
    "A": (
        "Host",
        3,
        Said(
            "daphne saw a WebSocket, with its path whole, and the app itself said no",
            "daphne는 경로가 온전한 웹소켓 요청을 받았고, 거부한 쪽은 앱입니다",
        ),
    ),
    "B": (
        "slash",
        3,
        Said(
            "compare the path in nginx's log with the path in daphne's",
            "nginx 로그의 경로와 daphne 로그의 경로를 비교해 보세요",
        ),
    ),
    "C": (
        "Upgrade",
        1,
        Said(
            "daphne saw an ordinary GET, and had nothing to complain of",
            "daphne가 받은 것은 일반 GET이었고, 문제 삼을 것이 없었습니다",
        ),
    ),
}
# The hint for whoever named one of these where the log excludes it.
EXCLUDED = {
    "upstream": Said(
        "nginx's line says `by chat`, so the request reached the right server",
        "nginx 로그에 by chat이 있으니 요청은 맞는 서버로 갔습니다",
    ),
    "slash": Said(
        "daphne's line has the same path as nginx's line",
        "daphne 로그의 경로는 nginx 로그의 경로와 같습니다",
    ),
}


def three_logs(bench):
    """The logs of three broken sites, each asked for a page and for a socket as a browser asks; a Table."""
    rows, pages_lines, chat_lines = [], 0, 0
    with serving(bench) as serve:
        both = halves(serve)
        gunicorn, daphne = both["pages"].upstream, both["chat"].upstream
        for case, (fault, lines, _) in CASES.items():
            front = serve(site=_with(fault), names=both)
            ask(front, "GET /")
            _shaken(front)
            found = {
                "nginx": front.upstream.log(" by ", count=2, timeout=SURE).splitlines(),
                "gunicorn": gunicorn.log('"GET', count=pages_lines + 1, timeout=SURE).splitlines()[pages_lines:],
                "daphne": daphne.log('"', count=chat_lines + lines, timeout=SURE).splitlines()[chat_lines:],
            }
            pages_lines += len(found["gunicorn"])
            chat_lines += len(found["daphne"])
            rows += [(case, name, _bare(line)) for name in found for line in found[name]]
    return Table(["case", "log of", "line"], rows)


@exercise
def diagnosed(bench, diagnosis):
    """Mends in each broken site what the learner named, and asks for the socket again."""
    with serving(bench) as serve:
        both = halves(serve)
        faults.judge(diagnosis, CASES, FAULTS, lambda case, chosen: _mended(serve, both, case, chosen))
    return Said(
        "With your three cures, all three sites answer the browser with 101.",
        "진단대로 세 곳을 고치니 세 사이트 모두 브라우저에 101로 응답합니다.",
    )


def _mended(serve, both, case: str, chosen: str) -> None:
    """The site of the case, with what was named put right, must answer a browser's handshake with 101."""
    fault, _, hint = CASES[case]
    hint = hint if chosen == fault else EXCLUDED.get(chosen, hint)
    front = serve(site=_with(fault if chosen != fault else None), names=both)
    with judged(front, *both.values()):
        answer = _shaken(front)
        expect(
            answer.code == 101,
            Said(
                f"{case}: with {chosen} as in section 2, the browser's handshake still gets {answer.code}. "
                f"Hint: {hint.en}.",
                f"{case}: {chosen} 항목을 2절과 같게 해도 브라우저의 핸드셰이크에는 여전히 {answer.code} 응답이 "
                f"옵니다. 힌트: {hint.ko}.",
            ),
            answer.status,
            "101 Switching Protocols",
        )


def _with(fault):
    """The site split by path, with one fault in its /ws/ location or with none."""
    head, location, chat = site("path").partition("location /ws/")
    return head + location + (chat.replace(*FAULTS[fault]) if fault else chat)


def _shaken(front):
    """The answer to a handshake as a browser sends it: from a page of the site itself."""
    return handshake(front, "/ws/", {"Origin": front.url})


def _bare(line):
    """A log line without its time, and without the size that daphne puts at its end."""
    line = line[line.index('"') :]
    return line if " by " in line else re.sub(r'(?<=") - -$|(?<= \d{3}) \d+$', "", line)
