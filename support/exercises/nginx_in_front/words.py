"""What nginx's own log says of one request, in nginx's own words."""

import re

# `[error] 7#7: *1 connect() failed (111: …) while connecting to upstream, client: …`: the words, then who asked.
ERROR = re.compile(r"\[(?:error|crit)\] [\d#]+: \*\d+ (?P<words>.*?), client: .*request: \"(?P<request>[^\"]*)\"")
ERRNO = re.compile(r"\((\d+): [^)]*\)")  # the number is the system's, its text the C library's


def told(nginx, target: str) -> tuple[str, str]:
    """The status of the last request for the target, and why nginx failed it; "–" where the log gives no reason.

    Waits for the request's line in an access log that has `"$request" $status`. BenchError if none comes.
    """
    status = nginx.log(f' {target} HTTP/1.1" ').splitlines()[-1].rpartition('" ')[2].split()[0]
    reasons = [words for words, request in ERROR.findall(nginx.log()) if request.split()[1] == target]
    return status, plain(reasons[-1]) if reasons else "–"


def plain(words: str) -> str:
    """The words without the C library's text, which is another in another library: failed (111)."""
    return ERRNO.sub(r"(\1)", words)
