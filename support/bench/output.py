"""What a server printed, without what says nothing to a learner."""

import os
import re
from pathlib import Path

MOST, LONGEST = 400, 2_000  # lines of a log that are shown, characters of one


class Log(str):
    """What a server printed; shown as it stands, without quotes. Of a long one the end is shown."""

    __slots__ = ()

    def __repr__(self) -> str:
        lines = [line if len(line) <= LONGEST else f"{line[:LONGEST]}… ({len(line):,})" for line in self.splitlines()]
        out = len(lines) - MOST
        return "\n".join([f"… {out:,} lines above · 위에 {out:,}줄", *lines[out:]] if out > 0 else lines)


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
