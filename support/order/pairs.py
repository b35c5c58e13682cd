"""Which call of an app answers which exchange, and which exchange of a proxy passes which other on."""

from collections import Counter
from collections.abc import Iterable

from .calls import Call, asked
from .crossings import Exchange


def by_address(calls: Iterable[Call], exchanges: Iterable[Exchange], tapped: set[str]) -> dict[Call, Exchange]:
    """The calls whose app was told the port from which a tapped connection went on; on one connection in order.

    A server may answer some requests without its app, and not every call need be there: a call is paired if the
    request lines leave it one place only.
    """
    pairs: dict[Call, Exchange] = {}
    here = list(exchanges)
    for server, port in dict.fromkeys((call.server, call.port) for call in calls if call.port):
        mine = [call for call in calls if (call.server, call.port) == (server, port)]
        there = [e for e in here if e.connection.tap.upstream.name == server and e.connection.port == port]
        pairs |= _in_order(mine, sorted(there, key=lambda exchange: exchange.began))
    return pairs


def _in_order(calls: list[Call], exchanges: list[Exchange]) -> dict[Call, Exchange]:
    """The calls that fit one exchange only, if both stand in order."""
    first = _leftmost(calls, exchanges)
    last = _leftmost(calls[::-1], exchanges[::-1])
    return {call: exchange for call, exchange in first.items() if last.get(call) is exchange}


def _leftmost(calls: list[Call], exchanges: list[Exchange]) -> dict[Call, Exchange]:
    """Each call with the first exchange behind the last one taken that has its request line."""
    found, rest = {}, iter(exchanges)
    for call in calls:
        exchange = next((each for each in rest if call.fits(asked(*each.line))), None)
        if exchange is None:
            return found
        found[call] = exchange
    return found


def by_line(calls: Iterable[Call], exchanges: Iterable[Exchange], tapped: set[str]) -> dict[Call, Exchange]:
    """The calls whose address tells nothing and whose request line occurs once, among them and at the taps.

    An address tells nothing where the app was told none; and where no tap stands before its server (`tapped` has the
    servers that have one), but one farther out, before a proxy. There it is the taps of other servers that count.
    """
    at_tap = [call for call in calls if call.line and call.server in tapped and call.port is None]
    behind = [call for call in calls if call.line and call.server not in tapped]
    pairs = {}
    for call in at_tap + behind:
        fitting = [
            exchange
            for exchange in exchanges
            if call in behind or exchange.connection.tap.upstream.name == call.server
            if call.fits(asked(*exchange.line))
        ]
        rivals = behind if call in behind else [other for other in at_tap if other.server == call.server]
        equal = [other for other in rivals if other.line == call.line]
        if len(fitting) == len(equal) == 1:
            pairs[call] = fitting[0]
    return pairs


def passed_on(exchanges: list[Exchange]) -> dict[Exchange, Exchange]:
    """For each exchange that a proxy began, the one that made it do so, if that is known.

    It is known by a request line that occurs once on each side. It is known, too, where the tap had nothing else
    from which the request could come: one exchange was open before the proxy, and none else at the same time.
    """
    found: dict[Exchange, Exchange] = {}
    proxies = {e.connection.tap.upstream.name for e in exchanges} & {e.connection.tap.client for e in exchanges}
    for proxy in proxies:
        fronts = [e for e in exchanges if e.connection.tap.upstream.name == proxy]
        behinds = [e for e in exchanges if e.connection.tap.client == proxy]
        before, behind = (Counter(e.line for e in each) for each in (fronts, behinds))
        alone = [front for front in fronts if not any(_overlap(front, other) for other in fronts if other is not front)]
        for exchange in behinds:
            once = [f for f in fronts if f.line == exchange.line and before[f.line] == behind[f.line] == 1]
            open_ = [f for f in alone if f.method == exchange.method and _within(exchange, f)]
            for front in (once or open_)[:1]:
                if front.began < exchange.began:
                    found[exchange] = front
    return found


def _overlap(one: Exchange, other: Exchange) -> bool:
    return not (_was_over(one, other.began) or _was_over(other, one.began))


def _was_over(exchange: Exchange, when: int) -> bool:
    return exchange.over and exchange.last.last_when < when


def _within(inner: Exchange, outer: Exchange) -> bool:
    return outer.began < inner.began and not _was_over(outer, inner.began)
