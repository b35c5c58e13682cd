"""RESP, the protocol of Redis, one message a command or a reply.

Its source: redis.io/docs/latest/develop/reference/protocol-spec.
"""

import re

from .stream import Stream, short

FIRST = re.compile(rb"\*[1-9]\d{0,5}\r\n\$\d{1,9}\r\n")  # a command is an array of bulk strings
BULK, AGGREGATES = b"$!=", {b"*": 1, b"~": 1, b">": 1, b"%": 2, b"|": 2}  # by their first byte; a map has pairs
SIMPLE = b"+-:_#,("
LONGEST = 12  # elements that are told


def begins(stream: Stream) -> bool:
    """True if the stream begins with a command."""
    return bool(FIRST.match(stream.data, stream.at))


def read(stream: Stream, name: str) -> None:
    """Reads values as long as there are any; each is a message of that name."""
    while stream.left:
        value = _Value(stream.data, stream.at)
        if value.broken:
            return
        said = " ".join(short(word) for word in value.words[:LONGEST])
        said += "" if len(value.words) <= LONGEST else f"… ({len(value.words):,} elements)"
        if value.complete:
            stream.take(name, said, *value.shape)
        else:
            stream.take_unfinished(name, said, *value.shape, lacks=value.lacks)


class _Value:
    """The value that stands at a place of the data: its words, its bytes by kind, and what is missing of it."""

    def __init__(self, data: bytes, at: int) -> None:
        self.words: list[bytes] = []
        self.shape: list[tuple[str, int]] = []
        self.broken, self.lacks = False, ""
        waiting = 1  # values that are still to come
        while waiting and not self.lacks and not self.broken:
            kind, line = data[at : at + 1], data.find(b"\r\n", at)
            self.broken = bool(kind) and kind not in AGGREGATES and kind not in BULK + SIMPLE
            if line < 0 or self.broken:
                self._lack(data, at, f"{waiting} more")
                continue
            at, waiting = self._element(data, at, line, waiting - 1)
        self.complete = not waiting and not self.lacks

    def _element(self, data: bytes, at: int, line: int, waiting: int) -> tuple[int, int]:
        """Reads one element, whose line ends at `line`: where the next one stands, and how many are to come."""
        kind, word = data[at : at + 1], data[at + 1 : line]
        number = int(word) if re.fullmatch(rb"-?\d{1,18}", word) else None
        self.broken = number is None and kind not in SIMPLE
        if kind in AGGREGATES and not self.broken and number >= 0:
            self._add(("framing", line + 2 - at))
            return line + 2, waiting + number * AGGREGATES[kind]
        if kind in BULK and not self.broken and number >= 0:
            return self._bulk(data, at, line, number), waiting
        self.words.append(word if kind in b"+:,(#" else b"nil" if kind in b"_$*" else kind + word)
        self._add(("framing", 1), ("data", line - at - 1), ("framing", 2))
        return line + 2, waiting

    def _bulk(self, data: bytes, at: int, line: int, length: int) -> int:
        """Reads a string of that length behind its line; where the next element stands."""
        start, stop = line + 2, line + 2 + length
        self.words.append(data[start:stop])
        self._add(("framing", start - at))
        if stop + 2 > len(data):
            came = min(length, len(data) - start)
            self._add(("data", came), ("framing", len(data) - start - came))
            self.lacks = f"{came:,} of {length:,} bytes"
            return len(data)
        self._add(("data", length), ("framing", 2))
        return stop + 2

    def _add(self, *shape: tuple[str, int]) -> None:
        """Adds bytes by kind; framing behind framing is one stretch."""
        for kind, length in shape:
            if self.shape and kind == self.shape[-1][0]:
                length += self.shape.pop()[1]
            self.shape.append((kind, length))

    def _lack(self, data: bytes, at: int, what: str) -> None:
        """Takes the last bytes, which are not a whole element."""
        self._add(("framing", len(data) - at))
        self.lacks = what
