"""Numbers that tell connections and exchanges apart, where there are several: [2] or [2.1] before what a row says."""

from string import ascii_lowercase

from .calls import Call
from .crossings import Connection, Exchange, Text
from .rows import Row
from .rules import Evidence

Line = Connection | Call | None  # what has a number of its own: a client's connection, or a call that has none


def numbered(drawn: list[Row], evidence: Evidence) -> dict[Row, str]:
    """What stands before each drawn row: the number of the client's connection and, if it has several, of the exchange.

    What passes a proxy keeps its number. A call that may belong to several exchanges has a letter.
    """
    places = {row: _place(row, evidence) for row in drawn}
    lines: dict[Line, dict[Exchange, int]] = {}
    for line, exchange in places.values():
        if line is not None:
            exchanges = lines.setdefault(line, {})
            if exchange is not None:
                exchanges.setdefault(exchange, len(exchanges) + 1)
    names = _names(lines, evidence)
    return {row: _number(line, exchange, lines, names) for row, (line, exchange) in places.items()}


def _place(row: Row, evidence: Evidence) -> tuple[Line, Exchange | None]:
    """The connection and the exchange of the client to which a row belongs, or the call alone."""
    source = row.source
    if isinstance(source, Call):
        exchange = evidence.exchange_of.get(source)
        if exchange is None:
            return (None if source.kind == "lifespan" else source), None
    elif isinstance(source, Text):
        exchange = source.exchange
        if exchange is None:
            return _place_of(source.connection, evidence), None
    else:
        return None, None
    while exchange in evidence.front_of:
        exchange = evidence.front_of[exchange]
    return exchange.connection, exchange


def _place_of(connection: Connection, evidence: Evidence) -> Connection:
    """The client's connection for which there is this one; itself, if there are several or none."""
    fronts = {evidence.front_of[e].connection for e in connection.exchanges.values() if e in evidence.front_of}
    return _place_of(fronts.pop(), evidence) if len(fronts) == 1 else connection


def _names(lines: dict[Line, dict], evidence: Evidence) -> dict[Line, str]:
    """The number of each line; a letter for a call whose connection is among the others, but not known."""
    tapped = {connection.tap.upstream.name for connection in evidence.crossings.connections}
    names: dict[Line, str] = {}
    numbers, letters = 0, 0
    for line in lines:
        if isinstance(line, Call) and line.server in tapped:
            names[line] = ascii_lowercase[letters % len(ascii_lowercase)]
            letters += 1
        else:
            numbers += 1
            names[line] = str(numbers)
    return names


def _number(line: Line, exchange: Exchange | None, lines: dict[Line, dict], names: dict[Line, str]) -> str:
    if line is None:
        return ""
    several = len(lines[line]) > 1 and exchange is not None
    if len(lines) == 1:
        return f"[{lines[line][exchange]}]" if several else ""
    return f"[{names[line]}.{lines[line][exchange]}]" if several else f"[{names[line]}]"
