"""What a client makes of an answer, in one line."""

import httpx

from .errors import raised


def outcome(url: str, timeout: float = 5.0) -> str:
    """`200 OK`, or the error that httpx raised instead, in its own words; ReadTimeout after `timeout` seconds."""
    try:
        response = httpx.get(url, timeout=timeout, verify=False)
    except httpx.HTTPError as error:
        return raised(error)
    return f"{response.status_code} {response.reason_phrase}".rstrip()
