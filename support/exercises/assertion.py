"""What the exercises share in which a configuration must pass a dozen assertions."""

import json
from collections.abc import Callable
from dataclasses import dataclass

from ..errors import Said
from .drive import Answer


@dataclass(frozen=True)
class Assertion:
    """One of the twelve: what it says of which requests; `look` tells what came of one, and what was wanted."""

    number: int
    requests: tuple[str, ...]
    said: Said
    look: Callable[[dict], tuple[str, str]]


def seen_by_app(answer: Answer) -> dict:
    """What the app that answered says, in JSON, that it saw; nothing if the answer is not an app's."""
    try:
        return json.loads(answer.body)
    except ValueError:
        return {}
