"""What a server printed, without what says nothing to a learner."""

import os
import re
from pathlib import Path


class Log(str):
    """What a server printed; shown as it stands, without quotes."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def fold(log: str, folder: Path) -> str:
    """The log with paths relative to the bench's folder, and without traceback frames outside of it."""
    kept, skipping = [], False
    for line in log.splitlines():
        if re.match(r'\s+File "', line):
            skipping = str(folder) not in line
        elif not line.startswith(" "):
            skipping = False
        if not skipping and not re.fullmatch(r"\s+[\^~]+", line):  # the marks differ between Python versions
            kept.append(line.replace(f"{folder}{os.sep}", ""))
    return "\n".join(kept)
