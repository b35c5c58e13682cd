"""What nginx's log says of one request: on a real nginx, and in lines as two C libraries write them."""

import httpx
import pytest

from support.errors import BenchError
from support.exercises.nginx_in_front import told
from support.exercises.nginx_in_front.words import plain

SITE = """
log_format status '"$request" $status';
server {
    listen {{ listen }};
    access_log /dev/stderr status;
    location /well { return 204; }
    location /nowhere { proxy_pass http://unix:nowhere.sock; }
    location /named { proxy_pass http://unix:$http_file; }
    location /nowhere/2 { proxy_pass http://unix:second.sock; }
}
"""


@pytest.fixture(scope="module")
def nginx(shared):
    """An nginx that has answered /well, /nowhere and /nowhere/2."""
    site = shared.nginx(SITE)
    for path in ("/well", "/nowhere", "/nowhere/2"):
        httpx.get(site.url + path)
    yield site
    site.stop()


@pytest.mark.parametrize(
    ("target", "status", "words"),
    [
        ("/well", "204", "–"),
        ("/nowhere", "502", "connect() to unix:nowhere.sock failed (2) while connecting to upstream"),
        ("/nowhere/2", "502", "connect() to unix:second.sock failed (2) while connecting to upstream"),
    ],
)
def test_a_request_has_its_own_status_and_reason(nginx, target, status, words):
    assert told(nginx, target) == (status, words)


def test_of_several_requests_the_last_one_counts(nginx):
    for file in ("one.sock", "two.sock"):
        httpx.get(f"{nginx.url}/named", headers={"File": file})
    assert told(nginx, "/named") == ("502", "connect() to unix:two.sock failed (2) while connecting to upstream")


def test_a_request_that_never_came_has_none(nginx):
    with pytest.raises(BenchError, match="/elsewhere"):
        told(nginx, "/elsewhere")


def test_every_c_library_gives_the_same_words():
    lines = (
        "upstream timed out (110: Connection timed out) while",
        "upstream timed out (110: Operation timed out) while",
    )
    assert {plain(line) for line in lines} == {"upstream timed out (110) while"}
