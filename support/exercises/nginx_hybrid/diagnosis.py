"""Exercise "three logs": what is broken in three sites, told from their logs alone."""

import re

from ...show import Table
from .. import exercise, expect
from .servers import HANDSHAKE, client, halves, running, site

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
    "A": ("Host", 3, "daphne saw a WebSocket, with its path whole, and the app itself said no",
          "daphne는 온전한 경로로 WebSocket 요청을 받았고, 거절한 것은 앱입니다"),
    "B": ("slash", 3, "compare the path in nginx's log with the path in daphne's",
          "nginx 로그의 경로와 daphne 로그의 경로를 비교해 보세요"),
    "C": ("Upgrade", 1, "daphne saw an ordinary GET, and had nothing to complain of",
          "daphne가 받은 것은 일반 GET이었고, 문제 삼을 것이 없었습니다"),
}  # fmt: skip


def three_logs(bench):
    """The logs of three broken sites, each asked for a page and for a socket as a browser asks; a Table."""
    rows, pages_lines, chat_lines = [], 0, 0
    with running(bench) as start, client() as browser:
        servers = halves(start)
        for case, (fault, lines, *_) in CASES.items():
            front = start("nginx", _with(fault), servers)
            _visit(browser, front)
            found = {
                "nginx": front.log(" by ", count=2).splitlines(),
                "gunicorn": servers["pages"].log('"GET', count=pages_lines + 1).splitlines()[pages_lines:],
                "daphne": servers["chat"].log('"', count=chat_lines + lines).splitlines()[chat_lines:],
            }
            pages_lines += len(found["gunicorn"])
            chat_lines += len(found["daphne"])
            rows += [(case, name, _bare(line)) for name in found for line in found[name]]
    return Table(["case", "log of", "line"], rows)


@exercise
def diagnosed(bench, diagnosis):
    """Mends in each broken site what the learner named, and asks for the socket again."""
    expect(isinstance(diagnosis, dict), "diagnosis is not a dict.", "diagnosis는 dict여야 합니다.")
    names = ", ".join(FAULTS)
    spelled = {fault.lower(): fault for fault in FAULTS}
    with running(bench) as start, client() as browser:
        servers = halves(start)
        for case, (fault, _, en, ko) in CASES.items():
            said = spelled.get(str(diagnosis.get(case)).strip().lower())
            expect(said, f"{case}: choose one of {names}.", f"{case}: 다음 중 하나를 고르세요. {names}")
            status = _visit(browser, start("nginx", _with(fault if said != fault else None), servers))
            expect(
                status == 101,
                f"{case}: {said} was put right, and the browser's handshake still gets {status}. Hint: {en}.",
                f"{case}: {said} 항목을 바로잡아도 브라우저의 핸드셰이크에는 여전히 {status} 응답이 옵니다. "
                f"힌트: {ko}.",
            )
    return (
        "With your three cures, all three sites answer the browser with 101.",
        "진단대로 세 곳을 고치니 세 사이트 모두 브라우저에 101로 응답합니다.",
    )


def _with(fault):
    """The site split by path, with one fault in its /ws/ location or with none."""
    head, location, chat = site("path").partition("location /ws/")
    return head + location + (chat.replace(*FAULTS[fault]) if fault else chat)


def _visit(browser, front):
    """Asks for a page, then for a socket from that page; the status of the handshake comes back."""
    browser.get(f"{front.url}/")
    return browser.get(f"{front.url}/ws/", headers=HANDSHAKE | {"Origin": front.url}).status_code


def _bare(line):
    """A log line without its time, and without the size that daphne puts at its end."""
    line = line[line.index('"') :]
    return line if " by " in line else re.sub(r'(?<=") - -$|(?<= \d{3}) \d+$', "", line)
