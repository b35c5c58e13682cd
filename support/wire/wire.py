"""The wire: the bytes that crossed a tap, beside what h11 and websockets make of them."""

from ..show import Table
from .messages import decode


class Wire:
    """All that crossed a tap, decoded: `messages` as data, itself as a table of bytes."""

    def __init__(self, pieces, seen: int = 0) -> None:
        numbers = sorted({piece.connection for piece in pieces})
        self.messages = [
            message
            for number in numbers
            for message in decode([(i, p) for i, p in enumerate(pieces) if p.connection == number])
            if message.place >= seen
        ]

    def bytes(self, way: str) -> bytes:
        """The bytes that went one way (→ to the server, ← to the client), all connections in order."""
        return b"".join(message.raw for message in self.messages if message.way == way)

    def _table(self) -> Table:
        rows, classes, several = [], [], len({m.connection for m in self.messages}) > 1
        connection = None
        for message in self.messages:
            if several and message.connection != connection:
                connection = message.connection
                rows.append(("", "", f"connection {connection}"))
                classes.append("note")
            for number, line in enumerate(message.lines):
                rows.append((message.way, "" if number else message.name, line))
                classes.append({"→": "out", "←": "in"}.get(message.way, "note"))
        return Table(("", "", ""), rows, classes)

    def __repr__(self) -> str:
        return repr(self._table()) if self.messages else "nothing has crossed"

    def _repr_html_(self) -> str:
        return self._table()._repr_html_()
