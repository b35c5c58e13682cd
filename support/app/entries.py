"""The entries of a recording: one line for each call or event, with what came with it in Python's plain types.

`record` writes them inside the servers, so this needs the standard library alone; `events` reads them. What is kept of
a piece is bounded, and so is the recording: `FULL`. How long a piece was is kept too.
"""

import binascii
import functools
import marshal
import math
from collections.abc import Iterator

MOST = 4096  # bytes of one piece, or characters of one text, that are kept
MOST_ITEMS, DEEPEST = 1000, 20  # items of one entry's containers together, and containers in containers
FULL = 64 << 20  # bytes of one recording; what comes after them is not written down


def entry(when: int, exchange: str, kind: str, way: str, name: str, data, count: int | None = None) -> bytes:
    """One line of a recording, as `events.parse` reads it: fields between tabs, the data last."""
    texts = (text if isinstance(text, str) else "?" for text in (exchange, kind, way, name))
    fields = b"\t".join(map(_escaped, texts))
    # As marshal writes it, which reads back fastest.
    packed = binascii.b2a_base64(marshal.dumps(literal(data)))  # it ends in a newline
    return b"%d\t%s\t%d\t%s" % (when, fields, size(data) if count is None else count, packed)


@functools.lru_cache(1000)
def _escaped(text: str) -> bytes:
    """The text in ASCII, without tabs and line ends."""
    return str.__str__(text).encode("unicode_escape")


def size(data) -> int:
    """How many bytes of a body, or of a WebSocket message, came with this call or event."""
    if isinstance(data, dict):
        return sum(_length(data.get(name)) for name in ("body", "bytes", "text"))
    return _length(data)


def _length(piece) -> int:
    if isinstance(piece, str):
        return len(piece.encode("utf-8", "surrogatepass"))
    if isinstance(piece, memoryview):
        return piece.nbytes
    return len(piece) if isinstance(piece, bytes | bytearray) else 0


def literal(value, left: Iterator | None = None, depth: int = DEEPEST):
    """The value in Python's plain types, of which marshal keeps all; of anything else its type's name.

    A piece or a text that is longer than MOST becomes {...: (its length, its beginning)}: see `events.Cut`. All its
    containers together keep as many items as are `left`.
    """
    if type(value) in (str, bytes) and len(value) <= MOST:
        return value  # most are
    if isinstance(value, dict | list | tuple) and depth:
        return _container(value, iter(range(MOST_ITEMS)) if left is None else left, depth - 1)
    if isinstance(value, bytes | bytearray | memoryview):
        return _cut(bytes(value), bytes)
    if value is None or isinstance(value, bool):
        return value
    # Made plain: a subclass may have a repr of its own, as http.HTTPStatus.OK has.
    if isinstance(value, str):
        return _cut(value, str.__str__)
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float) and math.isfinite(value):
        return float(value)
    return f"<{type(value).__name__}>"


def _cut(value, plain):
    return plain(value) if len(value) <= MOST else {...: (len(value), plain(value[:MOST]))}


def _container(value, left: Iterator, depth: int):
    """The container with its items made plain, as many of them as are left."""
    if isinstance(value, dict):
        # zip() asks `left` last, so that the end of this container costs nothing.
        pairs = zip(tuple(value.items()), left, strict=False)
        return {_key(key): literal(item, left, depth) for (key, item), _ in pairs}
    items = [literal(item, left, depth) for item, _ in zip(value, left, strict=False)]
    if len(value) > len(items):
        items.append(f"… ({len(value):,} items)")
    return tuple(items) if isinstance(value, tuple) else items


def _key(key):
    plain = literal(key)
    try:
        hash(plain)
    except TypeError:  # a piece of it was cut
        return f"<{type(key).__name__}>"
    return plain
